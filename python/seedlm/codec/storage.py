# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files of one encoded weight matrix."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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

# All metadata stand under one key: safetensors writes keys in random order.
_KEY = "seedlm"

_Fields = dict[str, Any]
_Tensors = dict[str, npt.NDArray[Any]]


def save(encoded: Encoded, path: str | os.PathLike[str]) -> None:
    """Writes an encoded matrix to a safetensors file, which appears under its name when complete.

    Raises:
        SeedlmError: The file cannot be written.
    """
    tensors: _Tensors = {"codes": encoded.codes, "scale": encoded.scale}
    fields: _Fields = {
        "format": _FORMAT,
        "version": _VERSION,
        "code": asdict(encoded.code),
        "shape": encoded.shape,
        "relative_error": encoded.relative_error,
    }
    fields["sha256"] = _digest(fields, tensors)
    metadata = {_KEY: _json(fields)}
    with replacing(Path(path), durable=True) as temporary:
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
def replacing(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """Yields a temporary path in the folder of `path`, which replaces `path` when the block ends.

    If the block raises, the temporary file is removed and `path` stays as it was. If `durable`, the
    file is on the disk before it gets its name, whatever happens to the machine.

    Raises:
        SeedlmError: The file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        yield temporary
        if durable:
            _sync(temporary)
        temporary.replace(path)
        if durable:
            _sync(path.parent)
    except OSError as error:
        raise SeedlmError(f"{path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def _sync(path: Path) -> None:
    """Writes what the system still holds back of a file or a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(name: str) -> tuple[_Fields, _Tensors]:
    with safe_open(name, framework="numpy") as file:
        text = (file.metadata() or {}).get(_KEY, "null")
        names = file.keys()
        tensors = {name: file.get_tensor(name) for name in names}
    try:
        fields = json.loads(text)
    except json.JSONDecodeError as error:
        raise SeedlmError(f"metadata {_KEY!r} is not JSON ({error})") from error
    return fields, tensors


def _encoded(fields: _Fields, tensors: _Tensors) -> Encoded:
    if not isinstance(fields, dict) or fields.get("format") != _FORMAT:
        raise SeedlmError(f"not a file of format {_FORMAT}")
    if fields.get("version") != _VERSION:
        raise SeedlmError(f"version {fields.get('version')} is not {_VERSION}")
    if fields.pop("sha256", None) != _digest(fields, tensors):
        raise SeedlmError("checksum does not match, the file is damaged")
    try:
        code = fields["code"]
        return Encoded(
            code=Code(**{**code, "taps": tuple(code["taps"])}),
            shape=tuple(fields["shape"]),
            relative_error=fields["relative_error"],
            **tensors,
        )
    except (KeyError, TypeError) as error:
        raise SeedlmError(f"fields are invalid ({error!r})") from error


def _json(fields: _Fields) -> str:
    return json.dumps(fields, sort_keys=True)


def _digest(fields: _Fields, tensors: _Tensors) -> str:
    """Returns the SHA-256 of the fields and of each tensor's name, type, shape and bytes."""
    digest = hashlib.sha256(_json(fields).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tensor.shape}".encode())
        digest.update(tensor.tobytes())
    return digest.hexdigest()
