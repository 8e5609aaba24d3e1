# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm.contract as a dispatch of a Vulkan kernel."""

from iree.compiler import ir
from iree.compiler.dialects import arith

from seedlm.compiler.dialect import ContractMaps, code_of, contract_maps
from seedlm.compiler.ir.build import DYNAMIC, collapse, dim_size, expand, split_first, transposed
from seedlm.compiler.ir.dispatch import flow_dispatch, only_element
from seedlm.compiler.ir.values import erase_if_unused
from seedlm.passes.epilogue import Epilogue, find_epilogue
from seedlm.passes.linalg_form.planes import Planes, planes_of_codes
from seedlm.passes.vulkan_form.epilogue import KernelEpilogue, kernel_epilogue
from seedlm.passes.vulkan_form.executable import ENTRY, Executables
from seedlm.passes.vulkan_form.kernels import ELEMENTS, KERNELS, preset_with_kernels

_MAX_WORKGROUPS = 65535  # what Vulkan guarantees along each dimension
_MAX_ROWS = _MAX_WORKGROUPS * min(kernel.rows for kernel in KERNELS)


def has_kernel(contract: ir.Operation) -> bool:
    """Returns whether there is a kernel for a seedlm.contract."""
    lhs, codes, _ = (ir.RankedTensorType(each.type) for each in contract.operands)
    result = ir.RankedTensorType(contract.results[0].type)
    return (
        preset_with_kernels(code_of(contract)) is not None
        and lhs.element_type == result.element_type
        and str(lhs.element_type) in ELEMENTS
        and codes.shape[0] <= _MAX_ROWS
    )


def lower_contract(contract: ir.Operation, executables: Executables) -> None:
    """Replaces a seedlm.contract that has a kernel, and elementwise operations after it.

    Raises:
        SeedlmError: The codes are not packed, or the package was built without the kernel.
    """
    maps = contract_maps(contract)
    element = str(ir.RankedTensorType(contract.operands[0].type).element_type)
    is_vector = _static_batch(contract) == 1

    def read(epilogue: Epilogue) -> KernelEpilogue | None:
        return kernel_epilogue(epilogue, element, is_vector=is_vector)

    epilogue = find_epilogue(
        contract,
        fuse=maps.result[-1] == maps.row,
        accepts=lambda candidate: read(candidate) is not None,
    )
    with ir.InsertionPoint(contract), contract.location:
        x = _matrix(contract, maps)
        sizes = [dim_size(contract.operands[0], maps.lhs.index(loop)) for loop in maps.batch]
    replaced = epilogue.replaces
    with ir.InsertionPoint(replaced), replaced.location:
        y = _dispatch(contract, x, read(epilogue) or KernelEpilogue(), executables)
        y = split_first(y, sizes) if sizes else collapse(y, [[0, 1]])
        result = transposed(y, [[*maps.batch, maps.row].index(loop) for loop in maps.result])
    replaced.results[0].replace_all_uses_with(result)
    erase_if_unused(replaced)


def _static_batch(contract: ir.Operation) -> int | None:
    """Returns how many rows the activation has, None if that is known at run time only."""
    maps, batch = contract_maps(contract), 1
    shape = ir.RankedTensorType(contract.operands[0].type).shape
    for loop in maps.batch:
        size = shape[maps.lhs.index(loop)]
        if size == DYNAMIC:
            return None
        batch *= size
    return batch


def _matrix(contract: ir.Operation, maps: ContractMaps) -> ir.Value:
    """Returns the activation as [batch, columns]."""
    x = transposed(
        contract.operands[0], [maps.lhs.index(loop) for loop in (*maps.batch, maps.column)]
    )
    shape = ir.RankedTensorType(x.type).shape
    if len(shape) == 1:
        return expand(x, 0, 1, shape[0])
    return collapse(x, [list(range(len(shape) - 1)), [len(shape) - 1]])


def _dispatch(
    contract: ir.Operation, x: ir.Value, epilogue: KernelEpilogue, executables: Executables
) -> ir.Value:
    code, scale = code_of(contract), contract.operands[2]
    name = preset_with_kernels(code)
    assert name is not None
    type_ = ir.RankedTensorType(x.type)
    planes = planes_of_codes(contract.operands[1], code)
    batch = dim_size(x, 0)
    numbers = [
        _i32(batch),
        _i32(planes.rows),
        _i32(type_.shape[1]),
        _i32(epilogue.flags),
        _i32(0) if code.scale == "row" else _bits(only_element(scale)),
    ]
    tensors = [
        *_inputs(planes, scale),
        x,
        x if epilogue.bias is None else epilogue.bias,
        x if epilogue.other is None else epilogue.other,
    ]
    symbol = executables.symbol(name, str(type_.element_type))
    result = ir.RankedTensorType.get([type_.shape[0], planes.rows], type_.element_type)
    dynamic = [] if isinstance(batch, int) else [batch]
    workload = [_index(planes.rows), _index(batch) if isinstance(batch, int) else batch]
    return flow_dispatch((symbol, ENTRY), workload, [*numbers, *tensors], result, dynamic)


def _inputs(planes: Planes, scale: ir.Value) -> list[ir.Value]:
    return [*planes.all, *([scale] if planes.code.scale == "row" else [])]


def _index(number: int) -> ir.Value:
    return arith.ConstantOp(ir.IndexType.get(), number).result


def _i32(number: ir.Value | int) -> ir.Value:
    i32 = ir.IntegerType.get_signless(32)
    if isinstance(number, int):
        return arith.ConstantOp(i32, number).result
    return arith.IndexCastOp(i32, number).result


def _bits(scale: ir.Value) -> ir.Value:
    """Returns the bits of a float as f32."""
    f32, i32 = ir.F32Type.get(), ir.IntegerType.get_signless(32)
    wide = scale if scale.type == f32 else arith.ExtFOp(f32, scale).result
    return arith.BitcastOp(i32, wide).result
