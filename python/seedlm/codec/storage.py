# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files of tensors with checked metadata; those of one encoded weight matrix."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
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

Fields = dict[str, Any]
Tensors = Mapping[str, npt.NDArray[Any]]


def save(encoded: Encoded, path: str | os.PathLike[str]) -> None:
    """Writes an encoded matrix to a safetensors file, which appears under its name when complete.

    Raises:
        SeedlmError: The file cannot be written.
    """
    fields: Fields = {
        "format": _FORMAT,
        "version": _VERSION,
        "code": asdict(encoded.code),
        "shape": encoded.shape,
        "relative_error": encoded.relative_error,
        "weighted_relative_error": encoded.weighted_relative_error,
    }
    write_tensors(path, fields, {"codes": encoded.codes, "scale": encoded.scale})


def load(path: str | os.PathLike[str]) -> Encoded:
    """Reads a file that `save` wrote.

    Raises:
        SeedlmError: The file is missing, truncated, of another format or version, damaged or its
            fields are invalid; the message names the file.
    """
    with naming(path):
        return _encoded(*read_tensors(path, _FORMAT, _VERSION))


def write_tensors(path: str | os.PathLike[str], fields: Fields, tensors: Tensors) -> None:
    """Writes tensors and fields to a safetensors file, which appears under its name when complete.

    Args:
        path: The file.
        fields: What JSON can hold, with "format" and "version" among it.
        tensors: The tensors by name.

    Raises:
        SeedlmError: The file cannot be written.
    """
    checked = {**fields, "sha256": _digest(fields, tensors)}
    with replacing(Path(path), durable=True) as temporary:
        temporary.write_bytes(to_safetensors(dict(tensors), {_KEY: _json(checked)}))


def read_tensors(
    path: str | os.PathLike[str], format_: str, version: int
) -> tuple[Fields, dict[str, npt.NDArray[Any]]]:
    """Returns the fields and tensors that `write_tensors` wrote; use it inside of `naming`.

    Raises:
        SeedlmError: The file is of another format or version, or damaged.
        OSError: It cannot be read.
        SafetensorError: It is no whole safetensors file.
    """
    fields, tensors = _read(os.fspath(path))
    if not isinstance(fields, dict) or fields.get("format") != format_:
        raise SeedlmError(f"not a file of format {format_}")
    if fields.get("version") != version:
        raise SeedlmError(f"version {fields.get('version')} is not {version}")
    if fields.pop("sha256", None) != _digest(fields, tensors):
        raise SeedlmError("checksum does not match, the file is damaged")
    return fields, tensors


@contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turns errors of reading a file into errors whose message names it.

    Raises:
        SeedlmError: The body raised it, OSError or SafetensorError.
    """
    name = os.fspath(path)
    try:
        yield
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


def _read(name: str) -> tuple[Any, dict[str, npt.NDArray[Any]]]:
    with safe_open(name, framework="numpy") as file:
        text = (file.metadata() or {}).get(_KEY, "null")
        names = file.keys()
        tensors = {name: file.get_tensor(name) for name in names}
    try:
        fields = json.loads(text)
    except json.JSONDecodeError as error:
        raise SeedlmError(f"metadata {_KEY!r} is not JSON ({error})") from error
    return fields, tensors


def _encoded(fields: Fields, tensors: Tensors) -> Encoded:
    try:
        code = fields["code"]
        return Encoded(
            code=Code(**{**code, "taps": tuple(code["taps"])}),
            shape=tuple(fields["shape"]),
            relative_error=fields["relative_error"],
            weighted_relative_error=fields.get("weighted_relative_error"),
            **tensors,
        )
    except (KeyError, TypeError) as error:
        raise SeedlmError(f"fields are invalid ({error!r})") from error


def _json(fields: Fields) -> str:
    return json.dumps(fields, sort_keys=True)


def _digest(fields: Fields, tensors: Tensors) -> str:
    """Returns the SHA-256 of the fields and of each tensor's name, type, shape and bytes."""
    digest = hashlib.sha256(_json(fields).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tensor.shape}".encode())
        digest.update(tensor.tobytes())
    return digest.hexdigest()
