# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm.gather as a dispatch of an executable with a microkernel."""

from iree.compiler import ir

from seedlm.compiler.dialect import code_of, tiles_of
from seedlm.compiler.ir.build import (
    as_vector,
    collapse,
    converted,
    dim_size,
    hidden,
    split_first,
    static_size,
)
from seedlm.compiler.ir.dispatch import build_dispatch, only_element
from seedlm.compiler.ir.values import erase_if_unused
from seedlm.passes.cpu_form.buffers import Buffer, Dimension
from seedlm.passes.cpu_form.executable import Executables
from seedlm.passes.cpu_form.kernels import kernel_prefix
from seedlm.passes.cpu_form.row_kernel import RowKernel, row_dimension

_ROWS = 8  # rows that a workgroup decodes


def lower_gather(gather: ir.Operation, executables: Executables) -> None:
    """Replaces a seedlm.gather, whose codes must be tiles, by a dispatch."""
    indices = gather.operands[0]
    result_type = ir.RankedTensorType(gather.results[0].type)
    with ir.InsertionPoint(gather), gather.location:
        sizes = [dim_size(indices, i) for i in range(result_type.rank - 1)]
        y = _dispatch(gather, as_vector(indices), executables)
        y = split_first(y, sizes) if sizes else collapse(y, [[0, 1]])
        y = converted(y, result_type.element_type)
    gather.results[0].replace_all_uses_with(y)
    erase_if_unused(gather)


def _dispatch(gather: ir.Operation, indices: ir.Value, executables: Executables) -> ir.Value:
    _, codes, scale = gather.operands
    tiles = tiles_of(codes)
    assert tiles is not None
    kernel = _kernel(gather, indices, tiles)
    scales, numbers = ([], [only_element(scale)]) if kernel.numbers else ([scale], [])
    columns = ir.RankedTensorType(gather.results[0].type).shape[-1]
    return build_dispatch(
        executables.row_symbol(kernel),
        [hidden(tiles), *scales, indices],
        numbers,
        [dim_size(indices, 0), columns],
        ir.F32Type.get(),
    )


def _kernel(gather: ir.Operation, indices: ir.Value, tiles: ir.Value) -> RowKernel:
    code = code_of(gather)
    rows = ir.RankedTensorType(gather.operands[1].type).shape[0]
    columns = ir.RankedTensorType(gather.results[0].type).shape[-1]
    element = str(ir.RankedTensorType(indices.type).element_type)
    count = row_dimension(static_size(indices, 0))
    has_row_scales = code.scale == "row"
    scales = Dimension.whole(rows) if has_row_scales else Dimension(1, "%c0", "1")
    codes = tuple(Dimension.whole(size) for size in ir.RankedTensorType(tiles.type).shape)
    inputs = (
        Buffer("codes", "i8", codes),
        Buffer("scales", code.scale_type, (scales,)),
        Buffer("indices", element, (count,)),
    )
    return RowKernel(
        function=f"{kernel_prefix(code)}_gather_{element}",
        batch=count.size,
        inputs=inputs,
        output=Buffer("out", "f32", (count, Dimension.whole(columns))),
        sizes=(rows, columns),
        rows=_ROWS,
        numbers=() if has_row_scales else inputs[1:2],
    )
