# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The executables that contractions are dispatched to: a microkernel and an epilogue in one.

They are written as text, since IREE's bindings have no builders for the dialects. IREE leaves them
alone until it generates code, so the epilogue is computed in place, on what is still in the cache.
"""

from dataclasses import dataclass, field
from math import gcd

from iree.compiler import ir

from seedlm.compiler.dialect import TILE_ROWS
from seedlm.passes.cpu_form.buffers import Buffer, Dimension
from seedlm.passes.cpu_form.epilogue import Epilogue, Operand
from seedlm.passes.cpu_form.tiling import Tiling, choose_tiling

_PIPELINE = (
    "iree-codegen-generic-vectorization, canonicalize, cse, "
    "iree-codegen-llvmcpu-vector-lowering-pipeline"
)
_NAME = "@NAME"
_VECTOR_MAP, _ELEMENT_MAP = "affine_map<(n) -> (n)>", "affine_map<(n) -> ()>"
_VECTOR = 64  # elements that the epilogue computes at a time, at most


@dataclass(frozen=True)
class Problem:
    """What is multiplied: y[batch, rows] = x[batch, columns] * weight[rows, columns]^T.

    Attributes:
        function: The microkernel.
        rows: Rows of the weight.
        columns: Columns of the weight.
        batch: Rows of the activation; None if known at run time only.
        tile_bytes: Bytes of the codes of a tile of the weight's rows.
        scale_element: The MLIR type of the scales.
        has_row_scales: Whether each row has a scale; if not, the tensor has one.
    """

    function: str
    rows: int
    columns: int
    batch: int | None
    tile_bytes: int
    scale_element: str
    has_row_scales: bool


@dataclass
class Executables:
    """The executables of a module: one for all dispatches that compute the same.

    Attributes:
        module: The module.
        bitcode: LLVM bitcode with the microkernels.
    """

    module: ir.Module
    bitcode: bytes
    _symbols: dict[str, str] = field(default_factory=dict, init=False)

    def symbol(self, problem: Problem, epilogue: Epilogue) -> str:
        """Returns the name of the executable that computes `problem` and then `epilogue`.

        Its entry point has the same name, and takes tensors: codes, scales of rows, x and the
        epilogue's operands; then numbers: the scale if there is one only, and the batch if it is
        not known. The batch is its workload as well.
        """
        text = _Writer(problem, epilogue).executable()
        if text not in self._symbols:
            name = f"{problem.function}_{problem.rows}x{problem.columns}_{len(self._symbols)}"
            self._insert(text, name)
            self._symbols[text] = name
        return self._symbols[text]

    def _insert(self, text: str, name: str) -> None:
        data = f'dense<"0x{self.bitcode.hex()}"> : vector<{len(self.bitcode)}xi8>'
        alias = f'#kernels = #hal.executable.object<{{path = "seedlm.bc", data = {data}}}>\n'
        parsed = ir.Module.parse(alias + text.replace(_NAME, f"@{name}"), self.module.context)
        executable = parsed.body.operations[0].operation
        executable.detach_from_parent()
        ir.InsertionPoint.at_block_begin(self.module.body).insert(executable)


class _Writer:
    """Writes one executable."""

    def __init__(self, problem: Problem, epilogue: Epilogue) -> None:
        self._problem = problem
        self._epilogue = epilogue
        is_in_place = epilogue.element == "f32"
        self._tiling = choose_tiling(problem.rows, problem.columns, on_stack=not is_in_place)
        self._batch = Dimension(problem.batch, "%m", "%height")
        self._rows = Dimension(problem.rows, "%n", "%width")
        self._codes, self._scales, self._x = self._kernel_inputs()
        self._operands = [self._operand(i, each) for i, each in enumerate(epilogue.operands)]
        self._output = Buffer("out", epilogue.element, (self._batch, self._rows))
        self._sums = self._output if is_in_place else self._stack()
        scales = [self._scales] if problem.has_row_scales else []
        self._bound = [self._codes, *scales, self._x, *self._operands, self._output]

    def executable(self) -> str:
        workload = [] if self._problem.batch else ["%batch: index"]
        scale = [] if self._problem.has_row_scales else [f"%scale: {self._problem.scale_element}"]
        bindings = [f"%{each.name}: !stream.binding" for each in self._bound]
        signature = ", ".join([*bindings, *scale, *workload])
        tiles = [line for each in self._bound for line in each.bind()]
        body = [*self._bounds(), *tiles, *self._kernel(), *self._epilogue_loops()]
        attributes = (
            "{translation_info = #iree_codegen.translation_info<pipeline = "
            f'#iree_codegen.pass_pipeline<"{_PIPELINE}">>}}'
        )
        lines = [
            f"stream.executable private {_NAME} {{",
            f"stream.executable.export public {_NAME} workgroups({''.join(workload)})"
            " -> (index, index, index) {",
            *self._workgroups(),
            "}",
            "builtin.module {",
            f"func.func {_NAME}({signature}) attributes {attributes} {{",
            *body,
            "return",
            "} } }",
        ]
        return "\n".join(lines)

    def _kernel_inputs(self) -> tuple[Buffer, Buffer, Buffer]:
        problem = self._problem
        tiles = -(-problem.rows // TILE_ROWS)
        codes = (Dimension(tiles, "%tile", "%tiles"), Dimension.whole(problem.tile_bytes))
        scales = self._rows if problem.has_row_scales else Dimension(1, "%c0", "1")
        return (
            Buffer("codes", "i8", codes),
            Buffer("scales", problem.scale_element, (scales,)),
            Buffer("x", "f32", (self._batch, Dimension.whole(problem.columns))),
        )

    def _operand(self, index: int, operand: Operand) -> Buffer:
        dimensions = [self._batch] * operand.over_batch + [self._rows] * operand.over_columns
        return Buffer(f"operand{index}", operand.element, tuple(dimensions))

    def _stack(self) -> Buffer:
        """Returns the buffer of f32 results that become an output of another type."""
        batch = Dimension(self._tiling.batch, "%c0", "%height")
        return Buffer("sums", "f32", (batch, Dimension(self._tiling.rows, "%c0", "%width")))

    def _static_batch(self) -> list[str]:
        batch = self._problem.batch
        return [f"%batch = arith.constant {batch} : index"] if batch else []

    def _workgroups(self) -> list[str]:
        count = -(-self._problem.rows // self._tiling.rows)
        return [
            *self._static_batch(),
            f"%x = arith.constant {count} : index",
            f"%y = affine.apply affine_map<()[b] -> (b ceildiv {self._tiling.batch})>()[%batch]",
            "%z = arith.constant 1 : index",
            "stream.return %x, %y, %z : index, index, index",
        ]

    def _bounds(self) -> list[str]:
        """Finds the part [%m, %m + %height) x [%n, %n + %width) of a workgroup."""
        rows, batch, total = self._tiling.rows, self._tiling.batch, self._problem.rows
        return [
            *self._static_batch(),
            "%c0 = arith.constant 0 : index",
            "%c1 = arith.constant 1 : index",
            "%i = stream.dispatch.workgroup.id[0] : index",
            "%j = stream.dispatch.workgroup.id[1] : index",
            f"%n = affine.apply affine_map<()[i] -> (i * {rows})>()[%i]",
            f"%width = affine.min affine_map<()[i] -> ({rows}, {total} - i * {rows})>()[%i]",
            f"%m = affine.apply affine_map<()[j] -> (j * {batch})>()[%j]",
            f"%height = affine.min affine_map<()[j, b] -> ({batch}, b - j * {batch})>()[%j, %batch]",
            f"%tile = affine.apply affine_map<()[i] -> (i * {rows // TILE_ROWS})>()[%i]",
            f"%tiles = affine.apply affine_map<()[w] -> (w ceildiv {TILE_ROWS})>()[%width]",
        ]

    def _kernel(self) -> list[str]:
        sums, inputs = self._sums, (self._codes, self._scales, self._x)
        names = ", ".join(each.tile for each in inputs)
        types = ", ".join(each.tile_type for each in inputs)
        return [
            *(sums.allocate() if sums is not self._output else []),
            *(self._single_scale() if not self._problem.has_row_scales else []),
            f"%columns = arith.constant {self._problem.columns} : index",
            "iree_codegen.ukernel.generic {hal.executable.objects = [#kernels]}"
            f' "{self._problem.function}" ins({names} : {types})'
            f" outs({sums.tile} : {sums.tile_type})"
            " (%width, %columns, %height : index, index, index)"
            " fn_def_attrs {hal.import.bitcode = true} strided_dims([[0], [], [0], [0]])",
        ]

    def _single_scale(self) -> list[str]:
        """Puts the scale where the microkernel reads it."""
        scales = self._scales
        store = f"memref.store %scale, {scales.tile}[%c0] : {scales.tile_type}"
        return [*scales.allocate(), store]

    def _epilogue_loops(self) -> list[str]:
        if not self._epilogue.code:
            return []
        step = gcd(self._problem.rows, _VECTOR)
        return [
            f"%step = arith.constant {step} : index",
            "scf.for %row = %c0 to %height step %c1 {",
            "scf.for %column = %c0 to %width step %step {",
            *self._vector_epilogue(step),
            "} }",
        ]

    def _vector_epilogue(self, step: int) -> list[str]:
        place = ("%row", "%column")
        inputs, maps, arguments = [], [], []
        for i, (buffer, operand) in enumerate(
            zip(self._operands, self._epilogue.operands, strict=True)
        ):
            indices = place[:1] * operand.over_batch + place[1:] * operand.over_columns
            inputs.append(buffer.slice(indices, step if operand.over_columns else 0))
            maps.append(_VECTOR_MAP if operand.over_columns else _ELEMENT_MAP)
            arguments.append(f"%in{i}: {operand.element}")
        output = self._output.slice(place, step)
        if self._sums is self._output:
            arguments.append("%y: f32")
        else:
            inputs.append(self._sums.slice(place, step))
            maps.append(_VECTOR_MAP)
            arguments += ["%y: f32", f"%old: {self._output.element}"]
        names = ", ".join(each.name for each in inputs)
        types = ", ".join(each.type_ for each in inputs)
        return [
            *[line for each in [*inputs, output] for line in each.code],
            f"linalg.generic {{indexing_maps = [{', '.join([*maps, _VECTOR_MAP])}],"
            f' iterator_types = ["parallel"]}}',
            f"ins({names} : {types})" if inputs else "",
            f"outs({output.name} : {output.type_}) {{",
            f"^body({', '.join(arguments)}):",
            *self._epilogue.code,
            f"linalg.yield {self._epilogue.yielded} : {self._epilogue.element}",
            "}",
        ]
