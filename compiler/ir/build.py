# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Building tensor and linalg operations at the current insertion point."""

from collections.abc import Callable, Sequence
from math import prod

from iree.compiler import ir
from iree.compiler.dialects import arith, linalg, tensor, util

DYNAMIC = ir.ShapedType.get_dynamic_size()

Body = Callable[[Sequence[ir.Value]], ir.Value]


def affine_map(loops: int, results: Sequence[int]) -> ir.AffineMap:
    """Returns the map from `loops` loops to those that `results` names."""
    return ir.AffineMap.get(loops, 0, [ir.AffineDimExpr.get(loop) for loop in results])


def dim_size(value: ir.Value, dimension: int) -> ir.Value | int:
    """Returns the size of a dimension: an int if static, else a tensor.dim of it."""
    size = ir.RankedTensorType(value.type).shape[dimension]
    if size != DYNAMIC:
        return size
    index = arith.ConstantOp(ir.IndexType.get(), dimension).result
    return tensor.DimOp(value, index).result


def static_size(value: ir.Value, dimension: int) -> int | None:
    """Returns the size of a dimension; None if it is known at run time only."""
    size: int = ir.RankedTensorType(value.type).shape[dimension]
    return None if size == DYNAMIC else size


def empty(sizes: Sequence[ir.Value | int], element: ir.Type) -> ir.Value:
    """Builds a tensor.empty."""
    return tensor.EmptyOp(list(sizes), element).result


def filled(sizes: Sequence[ir.Value | int], element: ir.FloatType, number: float) -> ir.Value:
    """Builds a tensor with `number` everywhere."""
    constant = arith.ConstantOp(element, ir.FloatAttr.get(element, number)).result
    return linalg.fill(constant, outs=[empty(sizes, element)])


def generic(
    inputs: Sequence[ir.Value],
    output: ir.Value,
    maps: Sequence[Sequence[int] | ir.AffineMap],
    iterators: Sequence[str],
    body: Body,
) -> ir.Value:
    """Builds a linalg.generic with one output.

    Args:
        inputs: The input tensors.
        output: The output tensor.
        maps: For each input and the output, the loop that each dimension runs over, or a map.
        iterators: "parallel" or "reduction" for each loop.
        body: Builds the body from its arguments and returns the value to yield.
    """
    operands = [*inputs, output]
    loops = len(iterators)
    map_attributes = [
        ir.AffineMapAttr.get(m if isinstance(m, ir.AffineMap) else affine_map(loops, m))
        for m in maps
    ]
    iterator_attributes = [ir.Attribute.parse(f"#linalg.iterator_type<{i}>") for i in iterators]
    operation = linalg.GenericOp(
        [output.type],
        list(inputs),
        [output],
        ir.ArrayAttr.get(map_attributes),
        ir.ArrayAttr.get(iterator_attributes),
    )
    types = [ir.RankedTensorType(operand.type).element_type for operand in operands]
    block = operation.regions[0].blocks.append(*types)
    with ir.InsertionPoint(block):
        linalg.YieldOp([body(block.arguments)])
    return operation.results[0]


def add(a: ir.Value, b: ir.Value) -> ir.Value:
    """Builds the elementwise sum of two tensors of one type."""
    type_ = ir.RankedTensorType(b.type)
    loops = list(range(type_.rank))
    output = empty([dim_size(b, loop) for loop in loops], type_.element_type)

    def body(arguments: Sequence[ir.Value]) -> ir.Value:
        return arith.AddFOp(arguments[0], arguments[1]).result

    return generic([a, b], output, [loops, loops, loops], ["parallel"] * type_.rank, body)


def expand(value: ir.Value, dimension: int, outer: int, inner: int) -> ir.Value:
    """Splits the static dimension `dimension` into `outer` x `inner`."""
    source = ir.RankedTensorType(value.type)
    sizes: list[ir.Value | int] = [dim_size(value, i) for i in range(source.rank)]
    sizes[dimension : dimension + 1] = [outer, inner]
    groups = [[i + (i > dimension)] for i in range(source.rank)]
    groups[dimension].append(dimension + 1)
    shape = [*source.shape[:dimension], outer, inner, *source.shape[dimension + 1 :]]
    type_ = ir.RankedTensorType.get(shape, source.element_type)
    dynamic, static = _split_sizes(sizes)
    return tensor.ExpandShapeOp(type_, value, groups, dynamic, static).result


def transposed(value: ir.Value, permutation: Sequence[int]) -> ir.Value:
    """Returns `value` with dimension `permutation[i]` as dimension i; itself if nothing moves."""
    if list(permutation) == sorted(permutation):
        return value
    element = ir.RankedTensorType(value.type).element_type
    output = empty([dim_size(value, i) for i in permutation], element)
    return linalg.transpose(value, outs=[output], permutation=list(permutation)).results[0]


def split_first(value: ir.Value, sizes: Sequence[ir.Value | int]) -> ir.Value:
    """Splits the first dimension into `sizes`."""
    if len(sizes) == 1:
        return value
    source = ir.RankedTensorType(value.type)
    kept = [dim_size(value, i) for i in range(1, source.rank)]
    dynamic, static = _split_sizes([*sizes, *kept])
    type_ = ir.RankedTensorType.get(static, source.element_type)
    groups = [list(range(len(sizes))), *[[i] for i in range(len(sizes), len(static))]]
    return tensor.ExpandShapeOp(type_, value, groups, dynamic, static).result


def collapse(value: ir.Value, groups: Sequence[Sequence[int]]) -> ir.Value:
    """Joins the dimensions of each group; without groups, all, which must have size 1, vanish."""
    source = ir.RankedTensorType(value.type)
    if source.rank == len(groups):
        return value
    shape = [_product([source.shape[i] for i in group]) for group in groups]
    type_ = ir.RankedTensorType.get(shape, source.element_type)
    return tensor.CollapseShapeOp(type_, value, [list(group) for group in groups]).result


def as_vector(value: ir.Value) -> ir.Value:
    """Joins all dimensions; a tensor without any becomes a vector of one element."""
    source = ir.RankedTensorType(value.type)
    if source.rank:
        return collapse(value, [list(range(source.rank))])
    type_ = ir.RankedTensorType.get([1], source.element_type)
    return tensor.ExpandShapeOp(type_, value, [], [], [1]).result


def collapse_last(value: ir.Value) -> ir.Value:
    """Joins the last two dimensions, which are static."""
    rank = ir.RankedTensorType(value.type).rank
    return collapse(value, [*[[i] for i in range(rank - 2)], [rank - 2, rank - 1]])


def hidden(value: ir.Value) -> ir.Value:
    """Hides what a tensor is behind util.optimization_barrier.

    If all operands of a decoder were constants, which indices may be as well, IREE would evaluate
    it at compile time or at load, and the weight would be dense.
    """
    return util.OptimizationBarrierOp([value.type], [value]).results[0]


def _product(sizes: Sequence[int]) -> int:
    return DYNAMIC if DYNAMIC in sizes else prod(sizes)


def slice_at(value: ir.Value, dimension: int, index: int) -> ir.Value:
    """Returns the slice of `value` at `index` of `dimension`, which is dropped."""
    source = ir.RankedTensorType(value.type)
    sizes = [1 if i == dimension else dim_size(value, i) for i in range(source.rank)]
    offsets = [index if i == dimension else 0 for i in range(source.rank)]
    shape = [size for i, size in enumerate(source.shape) if i != dimension]
    return _extract(value, offsets, sizes, shape)


def slice_first(value: ir.Value, dimension: int, count: int) -> ir.Value:
    """Returns the first `count` elements along `dimension`; `value` itself if it has no more."""
    source = ir.RankedTensorType(value.type)
    if source.shape[dimension] == count:
        return value
    sizes = [count if i == dimension else dim_size(value, i) for i in range(source.rank)]
    shape = [count if i == dimension else size for i, size in enumerate(source.shape)]
    return _extract(value, [0] * source.rank, sizes, shape)


def _extract(
    value: ir.Value, offsets: list[int], sizes: list[ir.Value | int], shape: list[int]
) -> ir.Value:
    source = ir.RankedTensorType(value.type)
    dynamic, static = _split_sizes(sizes)
    return tensor.ExtractSliceOp(
        ir.RankedTensorType.get(shape, source.element_type),
        value,
        [],
        dynamic,
        [],
        offsets,
        static,
        [1] * source.rank,
    ).result


def pad_end(value: ir.Value, dimension: int, size: int) -> ir.Value:
    """Pads the static dimension `dimension` with zeros up to `size`."""
    source = ir.RankedTensorType(value.type)
    missing = size - source.shape[dimension]
    if missing == 0:
        return value
    high = [missing if i == dimension else 0 for i in range(source.rank)]
    shape = [size if i == dimension else each for i, each in enumerate(source.shape)]
    type_ = ir.RankedTensorType.get(shape, source.element_type)
    operation = tensor.PadOp(type_, value, [], [], [0] * source.rank, high)
    block = operation.regions[0].blocks.append(*[ir.IndexType.get()] * source.rank)
    with ir.InsertionPoint(block):
        element = source.element_type
        tensor.YieldOp(arith.ConstantOp(element, ir.FloatAttr.get(element, 0.0)).result)
    return operation.result


def converted(value: ir.Value, element: ir.Type) -> ir.Value:
    """Returns a tensor of floats with elements of another type; itself if they have it."""
    source = ir.RankedTensorType(value.type)
    if source.element_type == element:
        return value
    widens = ir.FloatType(source.element_type).width < ir.FloatType(element).width
    convert = arith.ExtFOp if widens else arith.TruncFOp
    loops = list(range(source.rank))
    return generic(
        [value],
        empty([dim_size(value, i) for i in loops], element),
        [loops, loops],
        ["parallel"] * source.rank,
        lambda arguments: convert(element, arguments[0]).result,
    )


def as_f32_matrix(value: ir.Value) -> ir.Value:
    """Joins all dimensions but the last, as f32; a vector becomes a matrix of one row."""
    shape = ir.RankedTensorType(value.type).shape
    rank = len(shape)
    groups = [list(range(rank - 1)), [rank - 1]]
    matrix = expand(value, 0, 1, shape[0]) if rank == 1 else collapse(value, groups)
    return converted(matrix, ir.F32Type.get())


def _split_sizes(sizes: Sequence[ir.Value | int]) -> tuple[list[ir.Value], list[int]]:
    dynamic = [size for size in sizes if not isinstance(size, int)]
    static = [size if isinstance(size, int) else DYNAMIC for size in sizes]
    return dynamic, static
