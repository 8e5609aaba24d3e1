# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm.contract as a dispatch of the device, between two conversions on the CPU."""

from iree.compiler import ir
from iree.compiler.dialects import arith

from seedlm.codec import Code
from seedlm.compiler.dialect import ContractMaps, code_of, contract_maps
from seedlm.compiler.ir.build import (
    as_f32_matrix,
    collapse,
    converted,
    dim_size,
    split_first,
    transposed,
)
from seedlm.compiler.ir.dispatch import build_dispatch, build_transfer
from seedlm.compiler.ir.values import erase_if_unused
from seedlm.passes.fpga_form.activations import quantize, results
from seedlm.passes.fpga_form.executable import Executables, Problem

CPU, FPGA = "cpu", "fpga"
"""The symbols of the devices, which iree-compile's flags declare."""


def lower_contract(contract: ir.Operation, beats: ir.Attribute, executables: Executables) -> None:
    """Replaces a seedlm.contract by a dispatch of the device.

    Args:
        contract: The operation.
        beats: Its codes in burst order, i8 [bytes].
        executables: The executables of the module.
    """
    code, maps = code_of(contract), contract_maps(contract)
    lhs, _, scale = contract.operands
    with ir.InsertionPoint(contract), contract.location:
        x = as_f32_matrix(
            transposed(lhs, [maps.lhs.index(loop) for loop in (*maps.batch, maps.column)])
        )
        rows = ir.RankedTensorType(contract.operands[1].type).shape[0]
        y = _multiply(x, beats, scale, code, rows, executables)
        element = ir.RankedTensorType(contract.result.type).element_type
        result = _as_result(converted(y, element), lhs, maps)
    contract.result.replace_all_uses_with(result)
    erase_if_unused(contract)


def _multiply(
    x: ir.Value,
    beats: ir.Attribute,
    scale: ir.Value,
    code: Code,
    rows: int,
    executables: Executables,
) -> ir.Value:
    batch, columns = ir.RankedTensorType(x.type).shape
    problem = Problem(code, rows, columns, batch)
    fpga = _device(FPGA)
    quantized = quantize(x, code)
    codes = arith.ConstantOp(beats.type, beats).result
    sums = build_dispatch(
        executables.symbol(problem),
        [build_transfer(each, fpga) for each in (codes, quantized.integers)],
        [],
        [problem.segments, dim_size(x, 0), rows],
        ir.IntegerType.get_signless(64),
        fpga,
    )
    return results(build_transfer(sums, _device(CPU)), quantized, scale, code)


def _as_result(y: ir.Value, lhs: ir.Value, maps: ContractMaps) -> ir.Value:
    sizes = [dim_size(lhs, maps.lhs.index(loop)) for loop in maps.batch]
    y = split_first(y, sizes) if sizes else collapse(y, [[0, 1]])
    return transposed(y, [[*maps.batch, maps.row].index(loop) for loop in maps.result])


def _device(name: str) -> ir.Attribute:
    return ir.Attribute.parse(f"#hal.device.promise<@{name}>")
