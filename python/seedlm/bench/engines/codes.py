# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""This project on the CPU: dispatches that decode weights while they multiply."""

import tempfile
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np

from seedlm.bench.engine import Prepared, Unavailable
from seedlm.bench.engines._iree import Format, compile_program, prepare_program
from seedlm.bench.engines._records import code_fields, dense_rows, random_records
from seedlm.bench.workload import Workload
from seedlm.codec import Code, preset
from seedlm.compiler.dialect import TILE_ROWS
from seedlm.compiler.targets import Target, find_instruction_set
from seedlm.passes.cpu_form.kernels import kernel_prefix, rounds
from seedlm.passes.cpu_form.layout import step_bytes, tile_codes
from seedlm.passes.lower_to_cpu import LowerToCpu
from seedlm.passes.lower_to_linalg import LowerToLinalg

_TOLERANCES = {"f32": 1e-5, "int8": 1e-2}


@dataclass(frozen=True)
class Codes:
    """Codes of a preset, multiplied with activations of `activations`, "f32" or "int8"."""

    preset: str
    activations: str = "f32"

    @property
    def name(self) -> str:
        """The name in results."""
        return f"seedlm/{self.preset}" + ("" if self.activations == "f32" else "+int8")

    def prepare(self, workload: Workload) -> Prepared:
        """See `Engine`."""
        code = preset(self.preset)
        isa = instruction_set(code, self.activations)
        records = random_records(code, workload)
        tiles = tile_codes(*records.fields, code)
        steps = tiles.reshape(len(tiles), -1, step_bytes(code))
        # Scales of groups of columns stay where they are, so their columns must as well.
        rotates = code.scale_columns is None
        lower = (LowerToCpu(isa, self.activations), LowerToLinalg())
        form = Format(
            template="codes.mlir.j2",
            fields={
                **code_fields(code, records.scale),
                "parts": [f"tensor<{tiles.shape[0]}x{tiles.shape[1]}xi8>"],
                "codes": f"tensor<{workload.rows}x{tiles.shape[1] // TILE_ROWS}xi8>",
                "join": "seedlm.join_tiles",
                "segments": [],
            },
            x_element="f32",
            compile=partial(
                compile_program, device="cpu", passes=lower, flags=("--compile-from=input",)
            ),
            parameters=lambda i: {
                f"part0_{i}": np.roll(steps, i * rotates, axis=1),
                **({f"scale{i}": records.scale} if records.scale.ndim else {}),
            },
        )
        return prepare_program(
            workload,
            form,
            dense_rows(code, workload, records),
            rotation=code.block * rotates,
            tolerance=_TOLERANCES[self.activations],
        )


def instruction_set(code: Code, activations: str) -> str:
    """Returns the instruction set of the kernels that compute products on this machine.

    Raises:
        Unavailable: There are no kernels for the code or the activations.
    """
    isa = _host_instruction_set()
    if isa is None or kernel_prefix(code) is None:
        raise Unavailable("there are no kernels for this processor or code")
    if activations == "int8" and not rounds(activations, code, isa):
        raise Unavailable("there are no kernels for activations of 8 bits")
    return isa


@cache
def _host_instruction_set() -> str | None:
    with tempfile.TemporaryDirectory(prefix="seedlm-") as work:
        return find_instruction_set(Target().iree_flags(), Path("host"), Path(work))
