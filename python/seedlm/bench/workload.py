# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The products that are timed."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from seedlm.errors import SeedlmError

Array = npt.NDArray[np.float32]

_CHECKED_ROWS = 16
_MOST_MATRICES = 1024


@dataclass(frozen=True)
class Workload:
    """Products y = W x, one after the other, each with an x of its own.

    Attributes:
        rows: Rows of a weight matrix W (outputs).
        columns: Columns of W (inputs).
        batch: Vectors x that a product is of.
        threads: Threads that compute; 1 if that is not the CPU.
        distinct_bytes: Least bytes of the matrices that an engine goes through before it comes back
            to the first one; 0 to multiply by one matrix again and again.
        repeats: Products of one run if there is one matrix.
        device: What computes, "cpu" or "vulkan".
    """

    rows: int
    columns: int
    batch: int = 1
    threads: int = 1
    distinct_bytes: int = 0
    repeats: int = 16
    device: str = "cpu"

    def matrices(self, matrix_bytes: int) -> int:
        """Returns how many matrices of `matrix_bytes` there are.

        Raises:
            SeedlmError: They are too many for one module or graph.
        """
        count = max(1, -(-self.distinct_bytes // matrix_bytes))
        if count > _MOST_MATRICES:
            raise SeedlmError(
                f"{self.rows}x{self.columns}: {self.distinct_bytes} bytes are {count} matrices, "
                f"more than {_MOST_MATRICES}"
            )
        return count

    def products(self, matrix_bytes: int) -> int:
        """Returns how many products one run makes with matrices of `matrix_bytes`."""
        return self.matrices(matrix_bytes) if self.distinct_bytes else self.repeats

    def activation(self, product: int) -> Array:
        """Returns x of a product, [batch, columns], standard normal."""
        rng = np.random.default_rng((1, product))
        return rng.standard_normal((self.batch, self.columns), np.float32)

    @cached_property
    def checked_rows(self) -> npt.NDArray[np.int64]:
        """Rows of W whose products are checked, from the first to the last."""
        return np.unique(np.linspace(0, self.rows - 1, _CHECKED_ROWS).astype(np.int64))
