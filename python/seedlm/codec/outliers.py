# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Scales of rows and groups whose largest weights are out of reach at the usual scale."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from seedlm.codec.code import Code
from seedlm.codec.importance import Importance, measured_importance, searched_importance
from seedlm.codec.sources import Matrix
from seedlm.codec.trials import Blocks, Errors, errors_of, gaussian_blocks, weighted_errors_of
from seedlm.codec.weights import row_chunks

_Floats = npt.NDArray[np.float64]

# A block is an outlier if its largest weight is above this share of what coefficients can sum to.
# Of independent Gaussian weights, one block in some hundreds is.
_SHARE_OF_REACH = 0.6

# Scales are raised by quarters of an octave.
_FACTORS = 2.0 ** (np.arange(17) / 4)


class _Outliers(NamedTuple):
    """The outliers of some rows, in units of the sizes of their groups.

    Attributes:
        blocks: float32 [n, block].
        columns: The place of each in its row, [n].
        groups: The group of each, counted over the rows, [n].
        rest: What the weights of all other blocks of a group sum to, squared and times their
            importances, float64 [rows * groups].
    """

    blocks: Blocks
    columns: npt.NDArray[np.int64]
    groups: npt.NDArray[np.int64]
    rest: _Floats


def raise_for_outliers(
    weights: Matrix,
    sizes: _Floats,
    multiple: float,
    code: Code,
    importance: Importance | None,
    *,
    gaussian_multiple: float,
) -> _Floats:
    """Returns the factor of each group's scale that gives the group the least error.

    A weight beyond the reach of coefficients is cut off, and one that meets large activations costs
    a model more than all others of its row. Where there are such, a larger scale trades the
    errors of the rest of the group, those of Gaussian weights, for that.

    Args:
        weights: [rows, columns].
        sizes: The root mean square of each group, [rows, groups of a row] or [rows].
        multiple: The scale of all, in sizes.
        code: The code that is tried, of one scale a row or a group.
        importance: Importances of the columns, None for equal ones.
        gaussian_multiple: What `multiple` would be, were weights Gaussian. Those that are no
            outliers are taken to be so, of the standard deviation that `multiple` is best for.
    """
    limit = _SHARE_OF_REACH * multiple * _reach(code)
    searched = None if importance is None else searched_importance(importance, code)
    measured = None if importance is None else measured_importance(importance, code)
    wide = sizes.reshape(len(sizes), -1)
    factors = np.ones_like(wide)
    for row, chunk in row_chunks(weights):
        part = wide[row : row + len(chunk)]
        outliers = _find(chunk, part, code, limit, measured)
        if not len(outliers.blocks):
            continue
        errors_at = _errors_at(outliers, code, searched, measured)
        errors = [errors_at(float(multiple * factor)) for factor in _FACTORS]
        others = _gaussian_errors(code, gaussian_multiple)
        factors[row : row + len(chunk)] = _best(outliers, errors, others).reshape(part.shape)
    return factors.reshape(sizes.shape)


def _reach(code: Code) -> float:
    """Returns the largest sum of coefficients in units of the scale."""
    greatest = -code.coefficient_range[0] * 2.0 ** code.exponent_range[1]
    return float(code.latent * greatest)


def _find(
    rows: npt.NDArray[np.generic],
    sizes: _Floats,
    code: Code,
    limit: float,
    shares: Importance | None,
) -> _Outliers:
    """Returns the blocks of rows with a weight above `limit` sizes."""
    groups = code.scale_groups(rows.shape[1])
    units = np.where(sizes > 0, sizes, 1.0)[:, groups, None]
    padded = np.pad(rows.astype(np.float32), ((0, 0), (0, -rows.shape[1] % code.block)))
    blocks = (padded.reshape(len(rows), -1, code.block) / units).astype(np.float32)
    found = np.abs(blocks).max(axis=2) > limit
    squares = np.square(blocks, dtype=np.float64)
    energies = (squares if shares is None else squares * shares).sum(axis=2)
    of_row = np.arange(len(rows))[:, None] * sizes.shape[1] + groups
    others = np.where(found, 0.0, energies)
    rest = np.bincount(of_row.ravel(), others.ravel(), sizes.size).astype(np.float64)
    return _Outliers(blocks[found], np.nonzero(found)[1], of_row[found], rest)


def _errors_at(
    outliers: _Outliers, code: Code, searched: Importance | None, measured: Importance | None
) -> Callable[[float], Errors]:
    """Returns the errors of outliers by their scale."""
    if searched is None or measured is None:
        return errors_of(outliers.blocks, code)
    places = outliers.columns
    return weighted_errors_of(outliers.blocks, searched[places], measured[places], code)


def _best(outliers: _Outliers, errors: list[Errors], others: _Floats) -> _Floats:
    """Returns the factor of least error for each group.

    Args:
        outliers: The outliers.
        errors: Their errors with each factor.
        others: The relative errors of all other weights with each factor.
    """
    sums = [
        np.bincount(outliers.groups, each, len(outliers.rest)) + other * outliers.rest
        for each, other in zip(errors, others, strict=True)
    ]
    return _FACTORS[np.argmin(sums, axis=0)]


@cache
def _gaussian_errors(code: Code, multiple: float) -> _Floats:
    """Returns the squared relative errors of Gaussian weights with each factor."""
    blocks = gaussian_blocks(code)
    errors_at = errors_of(blocks, code)
    errors = [errors_at(float(multiple * factor)).sum() for factor in _FACTORS]
    return np.array(errors) / float(np.square(blocks, dtype=np.float64).sum())
