# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""This project: dispatches that decode weights while they multiply.

The records are random, which is as good as encoded weights for the time of a product.
"""

import tempfile
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from seedlm.bench.engine import Prepared, Unavailable
from seedlm.bench.engines._iree import Format, prepare_program
from seedlm.bench.workload import Array, Workload
from seedlm.codec import Code, Encoded, decode, preset
from seedlm.codec.packing import Integers, Seeds, pack_records
from seedlm.compiler.dialect import TILE_ROWS
from seedlm.compiler.ir.context import make_context, parse_module, write_module
from seedlm.compiler.iree import run_iree_compile
from seedlm.compiler.targets import Target, find_instruction_set
from seedlm.passes.cpu_form.kernels import has_int8_kernels, kernel_prefix
from seedlm.passes.cpu_form.layout import step_bytes, tile_codes
from seedlm.passes.lower_to_cpu import LowerToCpu
from seedlm.passes.lower_to_linalg import LowerToLinalg
from seedlm.passes.pipeline import run_pipeline

_TOLERANCES = {"f32": 1e-5, "int8": 1e-2}


class _Records(NamedTuple):
    seeds: Seeds
    coefficients: Integers
    exponents: Integers
    scale: npt.NDArray[Any]


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
        records = _random_records(code, workload)
        tiles = tile_codes(*records[:3], code)
        steps = tiles.reshape(len(tiles), -1, step_bytes(code))
        # Scales of groups of columns stay where they are, so their columns must as well.
        rotates = code.scale_columns is None
        scale = {} if records.scale.ndim == 0 else {"scale": records.scale}
        form = Format(
            template="codes.mlir.j2",
            fields=_fields(code, workload, tiles, records.scale),
            x_element="f32",
            compile=partial(_compile, isa=isa, activations=self.activations),
            parameters=lambda i: {
                f"tiles{i}": np.roll(steps, i * rotates, axis=1),
                **{f"{key}{i}": array for key, array in scale.items()},
            },
        )
        return prepare_program(
            workload,
            form,
            _dense(code, workload, records),
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
    if activations == "int8" and not has_int8_kernels(code, isa):
        raise Unavailable("there are no kernels for activations of 8 bits")
    return isa


@cache
def _host_instruction_set() -> str | None:
    with tempfile.TemporaryDirectory(prefix="seedlm-") as work:
        return find_instruction_set(Target().iree_flags(), Path("host"), Path(work))


def _random_records(code: Code, workload: Workload) -> _Records:
    rng = np.random.default_rng(0)
    shape = (workload.rows, code.blocks_per_row(workload.columns))
    low, high = code.coefficient_range
    least, greatest = code.exponent_range
    return _Records(
        rng.integers(1, code.seeds, shape, np.uint32, endpoint=True),
        rng.integers(low, high, (*shape, code.latent), np.int8, endpoint=True),
        rng.integers(least, greatest, shape, np.int8, endpoint=True),
        np.asarray(rng.uniform(0.5, 1, code.scale_shape(workload.rows, workload.columns))).astype(
            code.scale_dtype
        ),
    )


def _dense(code: Code, workload: Workload, records: _Records) -> Array:
    """Returns the weights at the checked rows, with those that fill up the last block."""
    rows = workload.checked_rows
    seeds, coefficients, exponents, scale = records
    codes = pack_records(seeds[rows], coefficients[rows], exponents[rows], code)
    shape = (len(rows), seeds.shape[1] * code.block)
    return decode(Encoded(code, shape, codes, scale[rows] if scale.ndim else scale, 0.0))


def _fields(
    code: Code, workload: Workload, tiles: npt.NDArray[np.uint8], scale: npt.NDArray[Any]
) -> dict[str, object]:
    sizes = "".join(f"{size}x" for size in scale.shape)
    return {
        "code": code,
        "tiles": f"tensor<{tiles.shape[0]}x{tiles.shape[1]}xi8>",
        "codes": f"tensor<{workload.rows}x{tiles.shape[1] // TILE_ROWS}xi8>",
        "scale": f"tensor<{sizes}{code.scale_type}>",
        "scale_parameter": scale.ndim > 0,
        "scale_value": f"{scale.flat[0]:e}",
    }


def _compile(source: Path, output: Path, isa: str, activations: str) -> None:
    module = parse_module(source, make_context())
    with module.context:
        run_pipeline(module, [LowerToCpu(isa, activations), LowerToLinalg()])
    lowered = source.with_suffix(".lowered.mlir")
    write_module(module, lowered)
    flags = [*Target().iree_flags(), "--compile-from=input"]
    run_iree_compile([str(lowered), *flags, "-o", str(output)], source)
