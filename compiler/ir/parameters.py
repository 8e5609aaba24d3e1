# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Parameter archives (.irpa): the tensors that a module keeps beside itself."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import iree.runtime
import numpy as np
from iree.compiler import ir
from numpy.typing import NDArray
from safetensors import safe_open

from seedlm.compiler.ir.elements import byte_size, dtype_of
from seedlm.errors import SeedlmError

METADATA_PREFIX = "TENSORv0:"  # of metadata that IREE's Python bindings write
_PARAMETER = re.compile(r'#(?:stream|flow)\.parameter\.named<(?:"(?P<scope>.*?)"::)?"(?P<key>.*)">')


@dataclass(frozen=True)
class ParameterName:
    """The name of a parameter: `key` in the archive that is loaded as `scope`."""

    scope: str
    key: str


def parameter_name(attribute: ir.Attribute) -> ParameterName | None:
    """Returns the parameter that a global's initial value names, None if it names none."""
    match = _PARAMETER.match(str(attribute))
    return ParameterName(match["scope"] or "", match["key"]) if match else None


def parameter_attribute(name: ParameterName, tensor_type: ir.RankedTensorType) -> ir.Attribute:
    """Returns the initial value of a global that is read from a parameter archive."""
    scope, key = ir.StringAttr.get(name.scope), ir.StringAttr.get(name.key)
    return ir.Attribute.parse(f"#stream.parameter.named<{scope}::{key}> : {tensor_type}")


@dataclass(frozen=True)
class Place:
    """Where the elements of a parameter are: at `offset` bytes in `path`."""

    path: Path
    offset: int


@dataclass
class Archives:
    """The archives that a module's parameters are read from, by scope; memory-mapped."""

    paths: Mapping[str, Path] = field(default_factory=dict)
    _indices: dict[str, dict[str, iree.runtime.ParameterIndexEntry]] = field(
        default_factory=dict, init=False
    )

    def read(self, name: ParameterName, tensor_type: ir.RankedTensorType) -> NDArray[Any]:
        """Returns parameter `name` as an array of `tensor_type`, without copying it.

        Raises:
            SeedlmError: No archive is given for its scope, the archive is damaged, or it lacks the
                parameter or holds it in another size.
        """
        entry = self._entry(name, tensor_type)
        dtype = dtype_of(tensor_type.element_type)
        if entry.is_splat:
            pattern = np.frombuffer(entry.splat_pattern, dtype)
            return np.broadcast_to(pattern, tensor_type.shape)
        return np.frombuffer(entry.file_view, dtype).reshape(tensor_type.shape)

    def place(self, name: ParameterName, tensor_type: ir.RankedTensorType) -> Place | None:
        """Returns where the elements of a parameter are, None if one value stands for all.

        Raises:
            SeedlmError: See `read`.
        """
        entry = self._entry(name, tensor_type)
        return None if entry.is_splat else Place(self.paths[name.scope], entry.file_storage[1])

    def _entry(
        self, name: ParameterName, tensor_type: ir.RankedTensorType
    ) -> iree.runtime.ParameterIndexEntry:
        entry = self._index(name.scope).get(name.key)
        path = self.paths[name.scope]
        if entry is None:
            raise SeedlmError(f"{path}: has no parameter '{name.key}'")
        if dtype_of(tensor_type.element_type) is None or entry.length != byte_size(tensor_type):
            raise SeedlmError(
                f"{path}: parameter '{name.key}' has {entry.length} bytes, not {tensor_type}"
            )
        return entry

    def _index(self, scope: str) -> dict[str, iree.runtime.ParameterIndexEntry]:
        if scope not in self.paths:
            raise SeedlmError(f"no parameter archive is given for scope '{scope}'")
        if scope not in self._indices:
            self._indices[scope] = load_archive(self.paths[scope])
        return self._indices[scope]


def load_archive(path: Path) -> dict[str, iree.runtime.ParameterIndexEntry]:
    """Returns the entries of an .irpa, .safetensors or .gguf archive by key, memory-mapped.

    Raises:
        SeedlmError: The file cannot be read as an archive.
    """
    index = iree.runtime.ParameterIndex()
    try:
        if path.suffix == ".safetensors":
            _check_safetensors(path)
        index.load(str(path))
    except Exception as error:  # the bindings raise a type for each IREE status
        raise SeedlmError(
            f"{path}: not a readable parameter archive: {status_message(error)}"
        ) from None
    return dict(index.items())


def _check_safetensors(path: Path) -> None:
    """IREE takes tensors that overlap, leave holes or do not have the size of their shape."""
    with safe_open(path, framework="numpy"):
        pass


def status_message(error: Exception) -> str:
    """Returns the message of an IREE status without its place in the source and its code."""
    return str(error).split("; ", 1)[-1].splitlines()[0]


def verify_archive(path: Path) -> None:
    """Checks every tensor of an archive that seedlm wrote against its SHA-256.

    Raises:
        SeedlmError: The archive is damaged or was not written by seedlm.
    """
    for key, entry in load_archive(path).items():
        expected = _sha256_of(entry)
        if expected is None:
            raise SeedlmError(f"{path}: parameter '{key}' has no checksum")
        if hashlib.sha256(entry.file_view).hexdigest() != expected:
            raise SeedlmError(f"{path}: parameter '{key}' is damaged (checksum mismatch)")


def _sha256_of(entry: iree.runtime.ParameterIndexEntry) -> str | None:
    text = entry.metadata.decode(errors="replace")
    try:
        description = json.loads(text.removeprefix(METADATA_PREFIX))
    except ValueError:
        return None
    return description.get("sha256") if isinstance(description, dict) else None
