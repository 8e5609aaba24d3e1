# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The one protocol of all that is timed, and the check that it computes the right thing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from seedlm.bench.workload import Array, Workload
from seedlm.errors import SeedlmError


class Unavailable(Exception):  # noqa: N818
    """An engine cannot run here; the message says why."""


@dataclass(frozen=True)
class Prepared:
    """An engine with its weights in memory.

    Weights are random. Matrix i is matrix 0 with its columns rotated by i times `rotation`: the
    matrices differ and yet one of them tells what all are.

    Attributes:
        matrix_bytes: Bytes of a matrix as it is stored, with its scales.
        products: Products of a run.
        run: Computes them once; product i is with matrix i, modulo their number.
        result: Returns y of a product of the last run, [batch, rows].
        dense: Matrix 0 at the rows `Workload.checked_rows` as its format has it, float32
            [checked rows, columns]; more columns if the format pads them.
        rotation: See above.
        tolerance: Largest error of an element of y, over the norms of x and of the row of W.
    """

    matrix_bytes: int
    products: int
    run: Callable[[], None]
    result: Callable[[int], Array]
    dense: Array
    rotation: int
    tolerance: float


class Engine(Protocol):
    """What multiplies by weights in a format."""

    @property
    def name(self) -> str:
        """The name in results, such as "iree/f16"."""
        ...

    def prepare(self, workload: Workload) -> Prepared:
        """Makes weights and all that is needed to multiply by them.

        Raises:
            Unavailable: A package, or an instruction that it needs, is not there; or it has no
                products of this shape.
            SeedlmError: IREE failed.
        """
        ...


def prepare_checked(engine: Engine, workload: Workload) -> Prepared:
    """Prepares an engine and checks the products of a first run against the weights it has.

    Raises:
        Unavailable: As `Engine.prepare`.
        SeedlmError: As `Engine.prepare`; or a product is wrong.
    """
    prepared = engine.prepare(workload)
    prepared.run()
    matrices = workload.matrices(prepared.matrix_bytes)
    for product in range(prepared.products):
        error = _error(prepared, workload, product, product % matrices)
        if not error <= prepared.tolerance:
            raise SeedlmError(
                f"{engine.name}: product {product} is wrong: error {error:.2g}, "
                f"tolerance {prepared.tolerance:.2g}"
            )
    return prepared


def _error(prepared: Prepared, workload: Workload, product: int, matrix: int) -> float:
    x = workload.activation(product).astype(np.float64)
    weights = np.roll(prepared.dense, matrix * prepared.rotation, axis=1)[:, : x.shape[1]]
    expected = x @ weights.astype(np.float64).T
    actual = prepared.result(product)[:, workload.checked_rows]
    norms = np.linalg.norm(x, axis=1)[:, None] * np.linalg.norm(weights, axis=1)[None, :]
    return float(np.max(np.abs(actual - expected) / norms))


def int4_values(packed: npt.NDArray[np.uint8]) -> npt.NDArray[np.int8]:
    """Returns the nibbles of bytes [.., n] as integers 0..15, [.., 2n]; the lower one comes first.

    Args:
        packed: Two nibbles a byte.
    """
    nibbles = np.stack([packed & 15, packed >> 4], -1)
    return nibbles.reshape(*packed.shape[:-1], -1).view(np.int8)
