# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-compress-constants: dense weights become codes."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from iree.compiler import ir
from iree.compiler.dialects import arith, linalg, tensor
from numpy.typing import NDArray

from seedlm.codec import Code, CodeStore, Encoded, Mode, Statistics, encode, preset
from seedlm.codec.cells import forget_tables
from seedlm.compiler.dialect import build_generate
from seedlm.compiler.ir.blobs import Blobs
from seedlm.compiler.ir.parameters import Archives
from seedlm.compiler.ir.values import defining_op, erase_if_unused
from seedlm.compiler.ir.weights import Weight, find_weights
from seedlm.errors import SeedlmError
from seedlm.passes.budget import spend_budget
from seedlm.passes.code_plan import CodePlan
from seedlm.passes.fpga_form.offload import Offload
from seedlm.passes.sampled_error import sampled_error
from seedlm.passes.weight_matrix import dimension_order, weight_matrix
from seedlm.passes.weight_plan import Selection, WeightPlan, make_plans

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Outcome:
    """What came of one compressed weight.

    Attributes:
        relative_error: Frobenius norm of the error over that of the weight.
        weighted_relative_error: The same by importances of columns; None without.
        sha256: Of codes and scales, hexadecimal.
    """

    relative_error: float
    weighted_relative_error: float | None
    sha256: str


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

    With statistics of its inputs, the codes of a weight are searched for by its weighted error.

    Attributes:
        codes: Which code each weight gets.
        selection: Which weights to compress.
        archives: Where parameters are read from.
        statistics: What weights are multiplied with; those without are encoded free of data.
        mode: How seeds are searched for, see `seedlm.codec.encode`.
        threads: Threads to encode with; all cores if None.
        memory_limit: Bytes that encoding may take, see `seedlm.codec.encode`.
        store: Where codes are taken from that an earlier run left, and left for a later one.
        tile_rows: Rows of codes of contractions will be stored in multiples of it on the CPU.
        offload: What the FPGA-style device will compute; None without one.
        progress: Called with a tensor's name, and the elements encoded so far and in all.
        blobs: Where the codes are kept.
        plans: After `run`, what was done with each weight.
        outcomes: After `run`, what came of each compressed weight, by name.
    """

    name: ClassVar[str] = "seedlm-compress-constants"

    codes: CodePlan = field(default_factory=CodePlan)
    selection: Selection = field(default_factory=Selection)
    archives: Archives = field(default_factory=Archives)
    statistics: Statistics | None = None
    mode: Mode = "fast"
    threads: int | None = None
    memory_limit: int | None = None
    store: CodeStore | None = None
    tile_rows: int = 1
    offload: Offload | None = None
    progress: Progress | None = None
    blobs: Blobs = field(default_factory=Blobs)
    plans: list[WeightPlan] = field(default_factory=list, init=False)
    outcomes: dict[str, Outcome] = field(default_factory=dict, init=False)
    _last_code: str = field(default="", init=False)

    def run(self, module: ir.Module) -> bool:
        """Rewrites `module` in place and returns whether anything changed."""
        self.plans = self.plan(module)
        compressed = [plan for plan in self.plans if plan.matrix is not None]
        # One code after the other, as each has tables of its own.
        compressed.sort(key=lambda plan: plan.codes)
        total = sum(plan.size for plan in compressed)
        done = 0
        for plan in compressed:
            encoded = self._encode(plan, done, total)
            done += plan.size
            self.outcomes[plan.weight.name] = _outcome(encoded)
            _rewrite(plan, encoded, self.blobs)
        return bool(compressed)

    def plan(self, module: ir.Module) -> list[WeightPlan]:
        """Returns what `run` would do with each weight of `module`, which stays as it is.

        For a budget, samples of the weights are encoded.

        Raises:
            SeedlmError: A code is unknown, a pattern matches no weight, the budget is too low, or
                the statistics are those of another model.
        """
        weights = find_weights(module)
        if self.statistics is not None:
            _check_statistics(self.statistics, weights)
        plans = make_plans(weights, self.selection, self.codes, self.tile_rows, self.offload)
        if self.codes.budget is None:
            return plans
        return spend_budget(plans, self.codes.budget, self._sampled_error)

    def importance(self, plan: WeightPlan) -> NDArray[np.float32] | None:
        """Returns the importance of each column of a compressed weight, None without statistics."""
        known = self.statistics.weights.get(plan.weight.name) if self.statistics else None
        return None if known is None else known.mean_squares

    def _sampled_error(self, plan: WeightPlan, code: str) -> float:
        with _named(plan.weight):
            return sampled_error(
                weight_matrix(plan, self.archives),
                self._next_code(code),
                importance=self.importance(plan),
                threads=self.threads,
                memory_limit=self.memory_limit,
            )

    def _encode(self, plan: WeightPlan, done: int, total: int) -> Encoded:
        weight = plan.weight
        size = plan.size

        def report(blocks: int, all_blocks: int) -> None:
            if self.progress is not None:
                self.progress(weight.name, done + size * blocks // all_blocks, total)

        encoder = encode if self.store is None else self.store.encode
        with _named(weight):
            return encoder(
                weight_matrix(plan, self.archives),
                self._next_code(plan.codes[0]),
                mode=self.mode,
                threads=self.threads,
                memory_limit=self.memory_limit,
                progress=report,
                importance=self.importance(plan),
            )

    def _next_code(self, name: str) -> Code:
        """Returns a code, of which only the tables of the last one are still in memory."""
        if self._last_code not in ("", name):
            forget_tables()
        self._last_code = name
        return preset(name)


def _check_statistics(statistics: Statistics, weights: list[Weight]) -> None:
    shapes = {weight.name: tuple(weight.type.shape) for weight in weights}
    for name, known in statistics.weights.items():
        if name not in shapes:
            raise SeedlmError(f"statistics of another model: it has no tensor '{name}'")
        if shapes[name] != known.shape:
            theirs, ours = (list(shape) for shape in (known.shape, shapes[name]))
            raise SeedlmError(f"statistics of another model: '{name}' is {theirs}, here {ours}")


@contextmanager
def _named(weight: Weight) -> Iterator[None]:
    """Names the weight in errors."""
    try:
        yield
    except SeedlmError as error:
        raise SeedlmError(f"{weight.name}: {error}") from None


def _outcome(encoded: Encoded) -> Outcome:
    digest = hashlib.sha256(encoded.codes.data)
    digest.update(encoded.scale.tobytes())
    return Outcome(encoded.relative_error, encoded.weighted_relative_error, digest.hexdigest())


def _rewrite(plan: WeightPlan, encoded: Encoded, blobs: Blobs) -> None:
    with plan.weight.attribute.context, ir.Location.unknown():
        name = plan.weight.name
        codes = blobs.make(encoded.codes.view(np.int8), f"{name}.codes")
        scale = blobs.make(encoded.scale, f"{name}.scale")
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
    order = dimension_order(plan)
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
