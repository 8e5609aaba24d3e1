# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Stock IREE: dense weights and 4-bit integers, on the CPU with the fastest flags of those tried.

Tried were data tiling, microkernels, optimisation levels 0 to 3, the reassociation of quantised
products, and weights stored [out, in] and [in, out].
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt

from seedlm.bench.engine import Prepared, Unavailable, int4_values
from seedlm.bench.engines._iree import Format, compile_program, prepare_program
from seedlm.bench.workload import Array, Workload

GROUP = 128

_DENSE_FLAGS = ("--iree-opt-data-tiling", "--iree-llvmcpu-enable-ukernels=all")
_INT4_FLAGS = ("--iree-opt-level=O3",)
# The first is faster on CPUs; what IREE 3.13 makes of it crashes lavapipe.
_INT4_TEMPLATES = {"cpu": "int4.mlir.j2", "vulkan": "int4_in_one.mlir.j2"}


@dataclass(frozen=True)
class DenseIree:
    """Weights and activations of `element`, "f32", "f16" or "bf16"; sums are f32."""

    element: str

    @property
    def name(self) -> str:
        """The name in results."""
        return f"iree/{self.element}"

    def prepare(self, workload: Workload) -> Prepared:
        """See `Engine`."""
        dtype, tolerance = _DENSE[self.element]
        rng = np.random.default_rng(0)
        shape = (workload.rows, workload.columns)
        weights = rng.standard_normal(shape, np.float32).astype(dtype)
        form = Format(
            template="dense.mlir.j2",
            fields={"weights": f"tensor<{shape[0]}x{shape[1]}x{self.element}>"},
            x_element=self.element,
            compile=_compiler(workload, _DENSE_FLAGS),
            parameters=lambda i: {f"weights{i}": np.roll(weights, i, axis=1)},
        )
        dense: Array = weights[workload.checked_rows].astype(np.float32)
        return prepare_program(workload, form, dense, rotation=1, tolerance=tolerance)


@dataclass(frozen=True)
class Int4Iree:
    """Signed 4-bit integers with an f16 scale for each 128 columns; activations are f32."""

    name: str = f"iree/int4-g{GROUP}"

    def prepare(self, workload: Workload) -> Prepared:
        """See `Engine`."""
        packed, scales = random_int4(workload, np.float16)
        rows, groups = scales.shape
        form = Format(
            template=_INT4_TEMPLATES[workload.device],
            fields={
                "packed": f"tensor<{rows}x{groups}x{GROUP // 2}xi8>",
                "weights": f"tensor<{rows}x{groups}x{GROUP}xi4>",
                "scales": f"tensor<{rows}x{groups}xf16>",
                "dense": f"tensor<{rows}x{groups}x{GROUP}xf32>",
                "grouped": f"tensor<{workload.batch}x{groups}x{GROUP}xf32>",
                "grouped_shape": f"[{workload.batch}, {groups}, {GROUP}]",
            },
            x_element="f32",
            compile=_compiler(workload, _INT4_FLAGS),
            parameters=lambda i: {
                f"weights{i}": np.roll(packed, i, axis=1),
                f"scales{i}": np.roll(scales, i, axis=1),
            },
        )
        dense = signed_weights(packed, scales, workload.checked_rows)
        return prepare_program(workload, form, dense, rotation=GROUP, tolerance=1e-5)


_DENSE: dict[str, tuple[npt.DTypeLike, float]] = {
    "f32": (np.float32, 1e-5),
    "f16": (np.float16, 1e-3),
    "bf16": (ml_dtypes.bfloat16, 1e-2),
}


def _compiler(workload: Workload, cpu_flags: tuple[str, ...]) -> Callable[[Path, Path], None]:
    flags = cpu_flags if workload.device == "cpu" else ()
    return partial(compile_program, device=workload.device, flags=flags)


def random_int4(
    workload: Workload, scale_type: npt.DTypeLike
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[Any]]:
    """Returns nibbles [rows, groups, GROUP / 2], and the scales of groups [rows, groups].

    Raises:
        Unavailable: The columns do not divide into groups.
    """
    if workload.columns % GROUP:
        raise Unavailable(f"{workload.columns} columns are no multiple of {GROUP}")
    rows, groups = workload.rows, workload.columns // GROUP
    rng = np.random.default_rng(0)
    packed = rng.integers(0, 256, (rows, groups, GROUP // 2), np.uint8)
    return packed, rng.uniform(0.5, 1, (rows, groups)).astype(scale_type)


def signed_weights(
    packed: npt.NDArray[np.uint8], scales: npt.NDArray[np.float16], rows: npt.NDArray[np.int64]
) -> Array:
    """Returns weights of two's complement nibbles at rows, float32 [len(rows), columns].

    Args:
        packed: [all rows, groups, GROUP / 2].
        scales: [all rows, groups].
        rows: The rows that are wanted.
    """
    integers = (int4_values(packed[rows]) ^ np.int8(8)) - np.int8(8)
    return (integers * scales[rows].astype(np.float32)[..., None]).reshape(len(rows), -1)
