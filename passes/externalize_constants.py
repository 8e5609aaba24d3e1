# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-externalize-constants: large constants move to a parameter archive."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from iree.compiler import ir
from iree.compiler.dialects import util

from seedlm.compiler.ir.archive_writer import ArchiveWriter
from seedlm.compiler.ir.blobs import Blobs
from seedlm.compiler.ir.elements import byte_size
from seedlm.compiler.ir.parameters import (
    Archives,
    ParameterName,
    parameter_attribute,
    parameter_name,
)
from seedlm.compiler.ir.values import defining_op
from seedlm.compiler.ir.weights import Weight, drop_unused_globals, find_weights, global_ops

SCOPE = "model"
MANIFEST = "seedlm.manifest"


@dataclass
class ExternalizeConstants:
    """Moves constants, and the parameters of other archives, to one archive.

        %codes = arith.constant dense_resource<w.codes.0> : tensor<1536x72xi32>
      =>
        util.global private @w.codes.0 = #stream.parameter.named<"model"::"w.codes.0"> : ..
        %codes = util.global.load @w.codes.0 : tensor<1536x72xi32>

    Attributes:
        archive: The archive to write; it is overwritten.
        archives: Where parameters are read from.
        blobs: Where constants are read from that other passes made.
        min_bytes: The least size of a constant that is moved.
        manifest: A text that is kept in the archive as parameter "seedlm.manifest"; none if empty.
    """

    name: ClassVar[str] = "seedlm-externalize-constants"

    archive: Path
    archives: Archives = field(default_factory=Archives)
    blobs: Blobs = field(default_factory=Blobs)
    min_bytes: int = 256
    manifest: str = ""

    def run(self, module: ir.Module) -> bool:
        """Rewrites `module` in place and returns whether anything changed.

        Raises:
            SeedlmError: A parameter cannot be read or the archive cannot be written.
        """
        drop_unused_globals(module)
        moved = [weight for weight in find_weights(module) if self._moves(weight)]
        with ArchiveWriter(self.archive) as writer:
            for weight in moved:
                writer.add(weight.name, weight.read(self.archives, self.blobs))
            if self.manifest:
                writer.add(MANIFEST, np.frombuffer(self.manifest.encode(), np.uint8))
        for weight in moved:
            _externalize(weight, module)
        return bool(moved)

    def _moves(self, weight: Weight) -> bool:
        is_parameter = parameter_name(weight.attribute) is not None
        return is_parameter or byte_size(weight.type) >= self.min_bytes


def _externalize(weight: Weight, module: ir.Module) -> None:
    with module.context, ir.Location.unknown():
        initial_value = parameter_attribute(ParameterName(SCOPE, weight.name), weight.type)
    known = global_ops(module).get(weight.name)
    if known is not None:
        known.attributes["initial_value"] = initial_value
        return
    with ir.InsertionPoint.at_block_begin(module.body), ir.Location.unknown(module.context):
        util.GlobalOp(
            weight.name, weight.type, sym_visibility="private", initial_value=initial_value
        )
    for value in weight.values:
        _load_instead(value, weight.name)


def _load_instead(value: ir.Value, symbol: str) -> None:
    constant = defining_op(value)
    assert constant is not None
    with ir.InsertionPoint(constant), constant.location:
        load = util.GlobalLoadOp(value.type, symbol)
    value.replace_all_uses_with(load.result)
    constant.erase()
