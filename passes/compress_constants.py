# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-compress-constants: dense weights become codes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from iree.compiler import ir
from iree.compiler.dialects import arith, linalg, tensor
from numpy.typing import NDArray

from seedlm.codec import Encoded, Mode, encode, preset
from seedlm.compiler.dialect import build_generate
from seedlm.compiler.ir.elements import make_elements
from seedlm.compiler.ir.parameters import Archives
from seedlm.compiler.ir.values import defining_op, erase_if_unused
from seedlm.compiler.ir.weights import find_weights
from seedlm.errors import SeedlmError
from seedlm.passes.weight_plan import Selection, WeightPlan, make_plans

Progress = Callable[[str, int, int], None]


@dataclass
class CompressConstants:
    """Replaces dense weights that are multiplied with by seedlm.generate.

        %w = arith.constant dense_resource<w> : tensor<576x1536xf32>
        %y = linalg.matmul ins(%x, %w : tensor<4x576xf32>, tensor<576x1536xf32>) ..
      =>
        %codes = arith.constant dense_resource<w.codes> : tensor<1536x288xi8>
        %scale = arith.constant dense<0.0078> : tensor<f32>
        %g = "seedlm.generate"(%codes, %scale) {block = 8, ..} : .. -> tensor<1536x576xf32>
        %w = linalg.transpose ins(%g : ..) .. permutation = [1, 0]
        %y = linalg.matmul ins(%x, %w : tensor<4x576xf32>, tensor<576x1536xf32>) ..

    The blocks of a code run along the dimension that is summed over, so the matrix is
    [outputs, inputs] whatever layout the constant has. Uses that are no products keep the constant.

    Attributes:
        code: Name of a preset code.
        selection: Which weights to compress.
        archives: Where parameters are read from.
        mode: How seeds are searched for, see `seedlm.codec.encode`.
        threads: Threads to encode with; all cores if None.
        tile_rows: Rows of codes of contractions will be stored in multiples of it.
        progress: Called with a tensor's name, and the elements encoded so far and in all.
        plans: After `run`, what was done with each weight.
        encoded: After `run`, the codes of each compressed weight, by name.
    """

    name: ClassVar[str] = "seedlm-compress-constants"

    code: str = "paper-4bit"
    selection: Selection = field(default_factory=Selection)
    archives: Archives = field(default_factory=Archives)
    mode: Mode = "fast"
    threads: int | None = None
    tile_rows: int = 1
    progress: Progress | None = None
    plans: list[WeightPlan] = field(default_factory=list, init=False)
    encoded: dict[str, Encoded] = field(default_factory=dict, init=False)

    def run(self, module: ir.Module) -> bool:
        """Rewrites `module` in place and returns whether anything changed."""
        self.plans = self.plan(module)
        compressed = [plan for plan in self.plans if plan.matrix is not None]
        total = sum(_size(plan) for plan in compressed)
        done = 0
        for plan in compressed:
            encoded = self._encode(plan, done, total)
            done += _size(plan)
            self.encoded[plan.weight.name] = encoded
            _rewrite(plan, encoded)
        return bool(compressed)

    def plan(self, module: ir.Module) -> list[WeightPlan]:
        """Returns what `run` would do with each weight of `module`, which stays as it is.

        Raises:
            SeedlmError: The preset is unknown or a pattern matches no weight.
        """
        return make_plans(find_weights(module), self.selection, preset(self.code), self.tile_rows)

    def _encode(self, plan: WeightPlan, done: int, total: int) -> Encoded:
        weight = plan.weight
        size = _size(plan)

        def report(blocks: int, all_blocks: int) -> None:
            if self.progress is not None:
                self.progress(weight.name, done + size * blocks // all_blocks, total)

        try:
            matrix = _as_matrix(plan, weight.read(self.archives))
            return encode(
                matrix, preset(self.code), mode=self.mode, threads=self.threads, progress=report
            )
        except SeedlmError as error:
            raise SeedlmError(f"{weight.name}: {error}") from None


def _size(plan: WeightPlan) -> int:
    rows, columns = plan.matrix_shape()
    return rows * columns


def _dimension_order(plan: WeightPlan) -> list[int]:
    """Returns the weight's dimensions, a row's before a column's; unit dimensions go between."""
    assert plan.matrix is not None
    rows, columns = plan.matrix.rows, plan.matrix.columns
    rest = [i for i in range(plan.weight.type.rank) if i not in rows + columns]
    return [*rows, *rest, *columns]


def _as_matrix(plan: WeightPlan, array: NDArray[Any]) -> NDArray[Any]:
    return array.transpose(_dimension_order(plan)).reshape(plan.matrix_shape())


def _rewrite(plan: WeightPlan, encoded: Encoded) -> None:
    with plan.weight.attribute.context, ir.Location.unknown():
        name = plan.weight.name
        codes = make_elements(encoded.codes.view(np.int8), f"{name}.codes")
        scale = make_elements(encoded.scale, f"{name}.scale")
    for value in plan.weight.values:
        producer = defining_op(value)
        assert producer is not None
        with ir.InsertionPoint(producer), producer.location:
            dense_type = ir.RankedTensorType.get(encoded.shape, plan.weight.type.element_type)
            matrix = build_generate(_constant(codes), _constant(scale), encoded.code, dense_type)
            _replace_uses(value, plan, _restore_layout(matrix, plan))
        erase_if_unused(producer)


def _replace_uses(value: ir.Value, plan: WeightPlan, dense: ir.Value) -> None:
    for operation, operand in plan.uses:
        if operation.operands[operand] == value:
            operation.operands[operand] = dense


def _constant(attribute: ir.Attribute) -> ir.Value:
    return arith.ConstantOp(attribute.type, attribute).result


def _restore_layout(matrix: ir.Value, plan: WeightPlan) -> ir.Value:
    """Builds the weight in its own shape from its matrix [rows, columns]."""
    order = _dimension_order(plan)
    shape = [plan.weight.type.shape[i] for i in order]
    value = matrix if len(shape) == 2 else _expand(matrix, plan, shape)
    if order == sorted(order):
        return value
    return _transpose(value, [order.index(i) for i in range(len(order))])


def _expand(value: ir.Value, plan: WeightPlan, shape: list[int]) -> ir.Value:
    assert plan.matrix is not None
    split = len(shape) - len(plan.matrix.columns)
    groups = [list(range(split)), list(range(split, len(shape)))]
    type_ = ir.RankedTensorType.get(shape, ir.RankedTensorType(value.type).element_type)
    return tensor.ExpandShapeOp(type_, value, groups, [], shape).result


def _transpose(value: ir.Value, permutation: list[int]) -> ir.Value:
    source = ir.RankedTensorType(value.type)
    shape = [source.shape[i] for i in permutation]
    empty = tensor.EmptyOp(shape, source.element_type)
    return linalg.transpose(value, outs=[empty.result], permutation=permutation).results[0]
