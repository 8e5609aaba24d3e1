# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The executables of the device: each calls the function of the plugin for one shape."""

from dataclasses import dataclass, field
from pathlib import Path

from iree.compiler import ir
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from seedlm.codec import Code
from seedlm.compiler.ir.build import DYNAMIC
from seedlm.fpga import symbol
from seedlm.fpga.parameters import engine_parameters
from seedlm.passes.fpga_form.offload import code_bytes

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    undefined=StrictUndefined,
    trim_blocks=True,
)


@dataclass(frozen=True)
class Problem:
    """What is multiplied: sums[segments, batch, rows] from codes and x[batch, columns].

    Attributes:
        code: The code of the weight.
        rows: Rows of the weight.
        columns: Columns of the weight.
        batch: Rows of the activation, `DYNAMIC` if known at run time only.
    """

    code: Code
    rows: int
    columns: int
    batch: int

    @property
    def segments(self) -> int:
        """Runs of columns whose products are summed up separately."""
        return engine_parameters(self.code).segments(self.columns)

    @property
    def code_bytes(self) -> int:
        """Bytes of the codes."""
        return code_bytes(self.code, self.rows, self.columns)

    @property
    def name(self) -> str:
        """The name of its executable, the same for equal problems."""
        batch = "" if self.batch == DYNAMIC else f"x{self.batch}"
        engine = engine_parameters(self.code).name
        return f"seedlm_fpga_{engine}_{self.rows}x{self.columns}{batch}"


@dataclass
class Executables:
    """The executables of a module: one for all dispatches of a problem."""

    module: ir.Module
    _names: set[str] = field(default_factory=set, init=False)

    def symbol(self, problem: Problem) -> str:
        """Returns the name of the executable that computes `problem`.

        Its entry point has the same name, and takes codes, x and, if it is not known, the batch.
        """
        if problem.name not in self._names:
            parsed = ir.Module.parse(_executable(problem), self.module.context)
            executable = parsed.body.operations[0].operation
            executable.detach_from_parent()
            ir.InsertionPoint.at_block_begin(self.module.body).insert(executable)
            self._names.add(problem.name)
        return problem.name


def _executable(problem: Problem) -> str:
    """Returns the executable as MLIR text."""
    batch = problem.batch
    return _TEMPLATES.get_template("multiply.mlir.j2").render(
        name=problem.name,
        function=symbol(problem.code),
        problem=problem,
        workload="%batch: index" if batch == DYNAMIC else "",
        static_batch="" if batch == DYNAMIC else f"%batch = arith.constant {batch} : index",
    )
