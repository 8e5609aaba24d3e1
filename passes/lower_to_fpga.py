# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-lower-to-fpga: contractions become dispatches of the FPGA-style device."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from iree.compiler import ir

from seedlm.compiler.dialect import CONTRACT, code_of, contract_maps
from seedlm.compiler.ir.blobs import Blobs
from seedlm.compiler.ir.elements import resource_name
from seedlm.compiler.ir.values import constant_attribute, walk
from seedlm.errors import SeedlmError
from seedlm.fpga import order_codes
from seedlm.passes.fpga_form.contract import CPU, FPGA, lower_contract
from seedlm.passes.fpga_form.executable import Executables
from seedlm.passes.fpga_form.offload import Offload
from seedlm.passes.pack_codes import CODES_OPERAND


@dataclass
class LowerToFpga:
    """Replaces seedlm.contract by a dispatch of the device @fpga, where it is worth one.

        %codes = arith.constant dense_resource<w.codes> : tensor<1536x288xi8>
        %y = "seedlm.contract"(%x, %codes, %scale) {..} : (tensor<?x576xf32>, ..)
      =>
        %beats = arith.constant dense_resource<w.codes.beats> : tensor<442368xi8>
        %largest, %integers = linalg.generic ..  // x, block-scaled int16
        %b = flow.tensor.transfer %beats to #hal.device.promise<@fpga>
        %i = flow.tensor.transfer %integers to #hal.device.promise<@fpga>
        %s = flow.dispatch @multiply::@multiply[%batch](%b, %i, %batch)
            {stream.affinity = #hal.device.promise<@fpga>} : .. -> tensor<1x?x1536xi64>{%batch}
        %sums = flow.tensor.transfer %s to #hal.device.promise<@cpu>
        %y = linalg.generic ..  // the sum of segments, times their scales

    The executable's body is one call of a function of the plugin of the code. Any batch will do,
    the plugin splits it. Everything else stays where it is: on the CPU. The module must then be
    compiled for two devices, @cpu and @fpga, of which @cpu is the default.

    Attributes:
        offload: What is left to the CPU.
        blobs: Where codes are read from and ordered ones are kept.
    """

    name: ClassVar[str] = "seedlm-lower-to-fpga"

    offload: Offload = field(default_factory=Offload)
    blobs: Blobs = field(default_factory=Blobs)

    def run(self, module: ir.Module) -> bool:
        """Rewrites `module` in place and returns whether anything changed.

        Raises:
            SeedlmError: The module has a symbol of the name of a device.
        """
        _check_symbols(module)
        executables = Executables(module)
        changed = False
        for codes, readers in _readers_by_codes(module).items():
            if not self._is_offloaded(readers):
                continue
            beats = self._order(codes, readers[0])
            for contract in readers:
                lower_contract(contract, beats, executables)
            changed = True
        return changed

    def _is_offloaded(self, readers: list[ir.Operation]) -> bool:
        if any(reader.name != CONTRACT for reader in readers):
            return False
        code, (rows, columns) = code_of(readers[0]), _shape(readers[0])
        return not self.offload.reason_against(["contraction"], code, rows, columns)

    def _order(self, codes: ir.Attribute, contract: ir.Operation) -> ir.Attribute:
        """Returns codes in burst order, i8 [bytes]."""
        rows, columns = _shape(contract)
        records = self.blobs.read(codes).view(np.uint8)
        beats = order_codes(records, code_of(contract), rows, columns)
        with codes.context, ir.Location.unknown():
            name = f"{resource_name(codes) or 'codes'}.beats"
            return self.blobs.make(beats.reshape(-1).view(np.int8), name)


def _readers_by_codes(module: ir.Module) -> dict[ir.Attribute, list[ir.Operation]]:
    """Returns the operations that decode constant codes, by the codes."""
    readers: dict[ir.Attribute, list[ir.Operation]] = {}
    for operation in walk(module.operation):
        operand = CODES_OPERAND.get(operation.name)
        codes = None if operand is None else constant_attribute(operation.operands[operand])
        if codes is not None:
            readers.setdefault(codes, []).append(operation)
    return readers


def _shape(contract: ir.Operation) -> tuple[int, int]:
    """Returns rows and columns of the weight of a seedlm.contract."""
    lhs, codes, _ = contract.operands
    column = contract_maps(contract).lhs.index(contract_maps(contract).column)
    return ir.RankedTensorType(codes.type).shape[0], ir.RankedTensorType(lhs.type).shape[column]


def _check_symbols(module: ir.Module) -> None:
    names = (each.operation.attributes.get("sym_name") for each in module.body.operations)
    symbols = {ir.StringAttr(name).value for name in names if name is not None}
    for device in (CPU, FPGA):
        if device in symbols:
            raise SeedlmError(f"a symbol of the module is called '{device}', as a device is")
