# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Parameter archives (.irpa): the tensors that a module keeps beside itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import iree.runtime
import numpy as np
from iree.compiler import ir
from numpy.typing import NDArray

from seedlm.compiler.ir.elements import byte_size, dtype_of
from seedlm.errors import SeedlmError

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


@dataclass
class Archives:
    """The archives that a module's parameters are read from, by scope; memory-mapped."""

    paths: Mapping[str, Path] = field(default_factory=dict)
    _indices: dict[str, dict[str, iree.runtime.ParameterIndexEntry]] = field(
        default_factory=dict, init=False
    )

    def read(self, name: ParameterName, tensor_type: ir.RankedTensorType) -> NDArray:
        """Returns parameter `name` as an array of `tensor_type`, without copying it.

        Raises:
            SeedlmError: No archive is given for its scope, the archive is damaged, or it lacks the
                parameter or holds it in another size.
        """
        entry = self._index(name.scope).get(name.key)
        path = self.paths[name.scope]
        if entry is None:
            raise SeedlmError(f"{path}: has no parameter '{name.key}'")
        dtype = dtype_of(tensor_type.element_type)
        if dtype is None or entry.length != byte_size(tensor_type):
            raise SeedlmError(
                f"{path}: parameter '{name.key}' has {entry.length} bytes, not {tensor_type}"
            )
        if entry.is_splat:
            pattern = np.frombuffer(entry.splat_pattern, dtype)
            return np.broadcast_to(pattern, tensor_type.shape)
        return np.frombuffer(entry.file_view, dtype).reshape(tensor_type.shape)

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
        index.load(str(path))
    except Exception as error:  # the bindings raise a type for each IREE status
        reason = str(error).split("; ", 1)[-1].splitlines()[0]
        raise SeedlmError(f"{path}: not a readable parameter archive: {reason}") from None
    return dict(index.items())
