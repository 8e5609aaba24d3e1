# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which weights are compressed, for which uses, and why the others are not."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from iree.compiler import ir

from seedlm.codec import Code, preset
from seedlm.compiler.dialect.checks import FLOAT_TYPES
from seedlm.compiler.ir.contractions import MatrixUse, OtherUse, classify_use
from seedlm.compiler.ir.elements import byte_size
from seedlm.compiler.ir.views import View, identity_view, view_through
from seedlm.compiler.ir.weights import Weight
from seedlm.errors import SeedlmError
from seedlm.passes.code_plan import DENSE, CodePlan
from seedlm.passes.fpga_form.offload import Offload, code_bytes

DEFAULT_MIN_SIZE = 4096


@dataclass(frozen=True)
class Selection:
    """Which weights the user wants compressed.

    Attributes:
        include: Glob patterns of names; when there are any, a weight must match one.
        exclude: Glob patterns of names that stay dense.
        min_size: The least number of elements that is worth compressing.
        embeddings: Whether tables that rows are gathered from are compressed as well.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    min_size: int = DEFAULT_MIN_SIZE
    embeddings: bool = False


@dataclass(frozen=True)
class Reader:
    """The operation that reads a weight as its operand `operand`, through `view` of the weight."""

    operation: ir.Operation
    operand: int
    view: View


@dataclass(frozen=True)
class WeightPlan:
    """What happens to one weight.

    Attributes:
        weight: The weight.
        matrix: How its compressed uses read it, None if it stays dense altogether.
        uses: The operands (operation, number) that read the codes from now on.
        reason: Why the weight, or some use of it, stays dense; empty if nothing does.
        codes: Names of the codes that it may get, one once that is decided; "dense" for one that
            is left dense by choice, none for one that cannot be compressed.
        tile_rows: Rows of codes are stored in multiples of it on the CPU.
        kinds: What its compressed uses are, as `MatrixUse.kind` says.
        offload: What the FPGA-style device computes; None without one.
    """

    weight: Weight
    matrix: MatrixUse | None = None
    uses: tuple[tuple[ir.Operation, int], ...] = ()
    reason: str = ""
    codes: tuple[str, ...] = ()
    tile_rows: int = 1
    kinds: tuple[str, ...] = ()
    offload: Offload | None = None

    @property
    def code(self) -> str | None:
        """The name of its code, "dense" if it is left dense by choice, None if it has none."""
        return self.codes[0] if self.codes else None

    @property
    def size(self) -> int:
        """The number of its elements."""
        return math.prod(self.weight.type.shape)

    def bits_with(self, name: str) -> int:
        """Returns the bits that it takes with a code, or dense."""
        return 8 * byte_size(self.weight.type) if name == DENSE else self.code_bits(preset(name))

    @property
    def keeps_dense(self) -> bool:
        """Whether the dense weight is still needed."""
        return bool(self.reason)

    def matrix_shape(self) -> tuple[int, int]:
        """Returns rows and columns of the weight as a matrix."""
        assert self.matrix is not None
        shape = self.weight.type.shape
        columns = math.prod(shape[i] for i in self.matrix.columns)
        return math.prod(shape) // columns, columns

    def readers(self) -> Iterator[Reader]:
        """Yields the operations that read the codes, behind what only rearranges the weight."""
        for operation, operand in self.uses:
            yield from _readers(operation, operand, identity_view(self.weight.type.rank))

    def code_bits(self, code: Code) -> int:
        """Returns the bits of its codes, their padding and its scales."""
        rows, columns = self.matrix_shape()
        scales = math.prod(code.scale_shape(rows, columns)) * code.scale_dtype.itemsize
        if self.is_offloaded(code):
            return 8 * (code_bytes(code, rows, columns) + scales)
        stored = -(-rows // self.tile_rows) * self.tile_rows
        return 8 * (stored * code.row_bytes(columns) + scales)

    def is_offloaded(self, code: Code) -> bool:
        """Returns whether the FPGA-style device computes with its codes."""
        return self.offload is not None and not self.reason_on_cpu(code)

    def reason_on_cpu(self, code: Code) -> str:
        """Returns why the FPGA-style device does not compute with its codes; empty without one."""
        if self.offload is None:
            return ""
        return self.offload.reason_against(self.kinds, code, *self.matrix_shape())


def make_plans(
    weights: list[Weight],
    selection: Selection,
    codes: CodePlan,
    tile_rows: int = 1,
    offload: Offload | None = None,
) -> list[WeightPlan]:
    """Returns what happens to each of `weights`; nothing is rewritten.

    Args:
        weights: The weights.
        selection: Which of them to compress.
        codes: Which code each gets.
        tile_rows: Rows of codes of products and tables are stored in multiples of it on the CPU.
        offload: What the FPGA-style device computes; None without one.

    Raises:
        SeedlmError: A code is unknown, or a pattern of `selection` or `codes` matches no weight.
    """
    codes.check()
    names = [weight.name for weight in weights]
    coded = [pattern for pattern, _ in codes.patterns]
    for pattern in (*selection.include, *selection.exclude, *coded):
        if not any(fnmatchcase(name, pattern) for name in names):
            raise SeedlmError(f"pattern '{pattern}' matches no tensor")
    return [
        _plan(weight, selection, codes.codes_for(weight.name), tile_rows, offload)
        for weight in weights
    ]


def leave_dense(plan: WeightPlan, reason: str) -> WeightPlan:
    """Returns the plan to leave a weight dense that could be compressed."""
    return WeightPlan(plan.weight, reason=reason, codes=(DENSE,))


def _plan(
    weight: Weight,
    selection: Selection,
    codes: tuple[str, ...],
    tile_rows: int,
    offload: Offload | None,
) -> WeightPlan:
    reason = _unwanted(weight, selection)
    if reason:
        return WeightPlan(weight, reason=reason)
    plan = _plan_uses(weight, selection)
    if plan.matrix is None:
        return plan
    if codes == (DENSE,):
        return leave_dense(plan, "dense by choice")
    if plan.matrix.kind in ("contraction", "gather"):
        plan = replace(plan, tile_rows=tile_rows)
    plan = replace(plan, kinds=_kinds(plan), offload=offload)
    dense = plan.bits_with(DENSE)
    smaller = tuple(name for name in codes if name != DENSE and plan.bits_with(name) < dense)
    if not smaller:
        rows, columns = plan.matrix_shape()
        return WeightPlan(weight, reason=f"codes of {rows} x {columns} would not be smaller")
    return replace(plan, codes=(*smaller, DENSE) if DENSE in codes else smaller)


def _unwanted(weight: Weight, selection: Selection) -> str:
    """Returns why the weight's name, type or size keeps it dense, if it does."""
    element = str(weight.type.element_type)
    size = math.prod(weight.type.shape)
    matched = [p for p in selection.exclude if fnmatchcase(weight.name, p)]
    if element not in FLOAT_TYPES:
        return f"{element} elements"
    if matched:
        return f"excluded by '{matched[0]}'"
    if selection.include and not any(fnmatchcase(weight.name, p) for p in selection.include):
        return "not included"
    if weight.type.rank < 2:
        return "not a matrix"
    if size < selection.min_size:
        return f"fewer than {selection.min_size} elements"
    return ""


def _plan_uses(weight: Weight, selection: Selection) -> WeightPlan:
    matrix: MatrixUse | None = None
    uses: list[tuple[ir.Operation, int]] = []
    reasons: list[str] = []
    for operation, operand in _first_uses(weight):
        use = _common_use(operation, operand, weight, selection)
        if isinstance(use, MatrixUse) and matrix is not None and not _same_layout(matrix, use):
            use = OtherUse("read in another layout")
        if isinstance(use, OtherUse):
            reasons.append(use.reason)
            continue
        matrix = matrix or use
        uses.append((operation, operand))
    if not uses and not reasons:
        reasons.append("not used")
    return WeightPlan(weight, matrix, tuple(uses), ", ".join(dict.fromkeys(reasons)))


def _kinds(plan: WeightPlan) -> tuple[str, ...]:
    uses = [classify_use(each.operation, each.operand, each.view) for each in plan.readers()]
    return tuple(sorted({use.kind for use in uses if isinstance(use, MatrixUse)}))


def _same_layout(a: MatrixUse, b: MatrixUse) -> bool:
    return (a.rows, a.columns) == (b.rows, b.columns)


def _first_uses(weight: Weight) -> Iterator[tuple[ir.Operation, int]]:
    for value in weight.values:
        for use in value.uses:
            yield use.owner.operation, use.operand_number


def _common_use(
    operation: ir.Operation, operand: int, weight: Weight, selection: Selection
) -> MatrixUse | OtherUse:
    """Returns the use that everything reached through one operand agrees on."""
    readers = _readers(operation, operand, identity_view(weight.type.rank))
    leaves = [classify_use(each.operation, each.operand, each.view) for each in readers]
    for leaf in leaves:
        if isinstance(leaf, OtherUse):
            return leaf
        if leaf.kind == "gather" and not selection.embeddings:
            return OtherUse("rows are gathered")
        if not _covers(leaf, weight):
            return OtherUse("not a product of two matrices")
        assert isinstance(leaves[0], MatrixUse)
        if not _same_layout(leaf, leaves[0]):
            return OtherUse("read in two layouts")
    return leaves[0] if leaves else OtherUse("not used")


def _covers(use: MatrixUse, weight: Weight) -> bool:
    left = set(range(weight.type.rank)) - set(use.rows) - set(use.columns)
    return bool(use.rows and use.columns) and all(weight.type.shape[i] == 1 for i in left)


def _readers(operation: ir.Operation, operand: int, view: View) -> Iterator[Reader]:
    through = view_through(operation, operand, view)
    if through is None:
        yield Reader(operation, operand, view)
        return
    for use in operation.results[0].uses:
        yield from _readers(use.owner.operation, use.operand_number, through)
