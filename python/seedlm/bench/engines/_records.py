# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random records, which are as good as those of encoded weights for the time of a product."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from seedlm.bench.workload import Array, Workload
from seedlm.codec import Code, Encoded, decode
from seedlm.codec.packing import Codes, Integers, Seeds, pack_records


class Records(NamedTuple):
    """The fields of the records of a matrix, and its scale."""

    seeds: Seeds
    coefficients: Integers
    exponents: Integers
    scale: npt.NDArray[Any]

    @property
    def fields(self) -> tuple[Seeds, Integers, Integers]:
        """Seeds, coefficients and exponents."""
        return self[:3]


def random_records(code: Code, workload: Workload) -> Records:
    """Returns records for a matrix."""
    rng = np.random.default_rng(0)
    shape = (workload.rows, code.blocks_per_row(workload.columns))
    low, high = code.coefficient_range
    least, greatest = code.exponent_range
    return Records(
        rng.integers(1, code.seeds, shape, np.uint32, endpoint=True),
        rng.integers(low, high, (*shape, code.latent), np.int8, endpoint=True),
        rng.integers(least, greatest, shape, np.int8, endpoint=True),
        np.asarray(rng.uniform(0.5, 1, code.scale_shape(workload.rows, workload.columns))).astype(
            code.scale_dtype
        ),
    )


def packed_codes(code: Code, records: Records) -> Codes:
    """Returns the codes that records make up, [rows, row bytes]."""
    return pack_records(*records.fields, code)


def dense_rows(code: Code, workload: Workload, records: Records) -> Array:
    """Returns the weights at the checked rows, with those that fill up the last block."""
    rows = workload.checked_rows
    seeds, coefficients, exponents, scale = records
    codes = pack_records(seeds[rows], coefficients[rows], exponents[rows], code)
    shape = (len(rows), seeds.shape[1] * code.block)
    return decode(Encoded(code, shape, codes, scale[rows] if scale.ndim else scale, 0.0))


def code_fields(code: Code, scale: npt.NDArray[Any]) -> dict[str, object]:
    """Returns what a module needs to know of a code and of the scale of a matrix."""
    sizes = "".join(f"{size}x" for size in scale.shape)
    return {
        "code": code,
        "scale": f"tensor<{sizes}{code.scale_type}>",
        "scale_parameter": scale.ndim > 0,
        "scale_value": f"{scale.flat[0]:e}",
    }
