# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files of one encoded weight matrix."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_safetensors

from seedlm.codec.code import Code
from seedlm.codec.encoded import Encoded
from seedlm.errors import SeedlmError

_FORMAT = "seedlm-encoded"
_VERSION = 1

_Tensors = dict[str, npt.NDArray[Any]]


def save(encoded: Encoded, path: str | os.PathLike[str]) -> None:
    """Writes an encoded matrix to a safetensors file, which appears under its name when complete.

    Raises:
        SeedlmError: The file cannot be written.
    """
    tensors: _Tensors = {"codes": encoded.codes, "scale": encoded.scale}
    description = json.dumps(
        {
            "code": asdict(encoded.code),
            "shape": encoded.shape,
            "relative_error": encoded.relative_error,
        },
        sort_keys=True,
    )
    metadata = {"format": _FORMAT, "version": str(_VERSION), "description": description}
    metadata["sha256"] = _digest(description, tensors)
    with replacing(Path(path)) as temporary:
        temporary.write_bytes(to_safetensors(tensors, metadata))


def load(path: str | os.PathLike[str]) -> Encoded:
    """Reads a file that `save` wrote.

    Raises:
        SeedlmError: The file is missing, truncated, of another format or version, damaged or its
            fields are invalid; the message names the file.
    """
    name = os.fspath(path)
    try:
        return _encoded(*_read(name))
    except OSError as error:
        raise SeedlmError(f"{name}: {error.strerror or error}") from error
    except SafetensorError as error:
        raise SeedlmError(f"{name}: not a whole safetensors file ({error})") from error
    except SeedlmError as error:
        raise SeedlmError(f"{name}: {error}") from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a temporary path in the folder of `path`, which replaces `path` when the block ends.

    If the block raises, the temporary file is removed and `path` stays as it was.

    Raises:
        SeedlmError: The file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise SeedlmError(f"{path}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _read(name: str) -> tuple[dict[str, str], _Tensors]:
    with safe_open(name, framework="numpy") as file:
        names = file.keys()
        return file.metadata() or {}, {name: file.get_tensor(name) for name in names}


def _encoded(metadata: dict[str, str], tensors: _Tensors) -> Encoded:
    if metadata.get("format") != _FORMAT or set(tensors) != {"codes", "scale"}:
        raise SeedlmError(f"not a file of format {_FORMAT}")
    if metadata.get("version") != str(_VERSION):
        raise SeedlmError(f"version {metadata.get('version')} is not {_VERSION}")
    description = metadata.get("description", "")
    if metadata.get("sha256") != _digest(description, tensors):
        raise SeedlmError("checksum does not match, the file is damaged")
    try:
        fields = json.loads(description)
        code = fields["code"]
        return Encoded(
            code=Code(**{**code, "taps": tuple(code["taps"])}),
            shape=tuple(fields["shape"]),
            relative_error=fields["relative_error"],
            **tensors,
        )
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise SeedlmError(f"description is invalid ({error!r})") from error


def _digest(description: str, tensors: _Tensors) -> str:
    """Returns the SHA-256 of the description and of each tensor's name, type, shape and bytes."""
    digest = hashlib.sha256(description.encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tensor.shape}".encode())
        digest.update(tensor.tobytes())
    return digest.hexdigest()
