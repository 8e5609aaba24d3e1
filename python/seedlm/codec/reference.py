# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The judge of the encoder: the same optimum by exhaustive enumeration, slow and obvious."""

import itertools
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from seedlm.codec.basis import basis
from seedlm.codec.code import Code

Floats = npt.NDArray[np.float64]
Record = tuple[int, tuple[int, ...], int]


def reference_encode_block(
    weights: npt.ArrayLike, code: Code, scale: float, importance: npt.ArrayLike | None = None
) -> Record:
    """Returns the seed, coefficients and exponent of least squared error for one block.

    All exponents and coefficients are enumerated for each seed, but for seeds whose least-squares
    residual, which no choice of coefficients goes below, is already above the best error. Of equal
    errors the least seed and then the greatest exponent is taken.

    Args:
        weights: [block] finite weights.
        code: The code.
        scale: Factor of the weights.
        importance: [block] positive factors of the squares in the error; ones if None.
    """
    roots = _roots(importance, code)
    block = roots * np.asarray(weights, np.float64) / scale
    residuals = _residuals(block, roots, code)
    best_error = float(block @ block)
    best: Record = (1, (0,) * code.latent, 0)
    for index in np.argsort(residuals, kind="stable"):
        if residuals[index] > best_error:
            break
        seed = int(index) + 1
        error, coefficients, exponent = _best_for_basis(
            block, roots[:, None] * basis(code, seed), code
        )
        if error < best_error or (error == best_error and seed < best[0]):
            best_error, best = error, (seed, coefficients, exponent)
    return best


def block_error(
    weights: npt.ArrayLike,
    code: Code,
    scale: float,
    record: Record,
    importance: npt.ArrayLike | None = None,
) -> float:
    """Returns the squared error of a record for one block of weights [block].

    With `importance` [block], each square times that of its weight.
    """
    seed, coefficients, exponent = record
    decoded = scale * 2.0**exponent * (basis(code, seed) @ np.array(coefficients, np.float64))
    error = _roots(importance, code) * (np.asarray(weights, np.float64) - decoded)
    return float(np.square(error).sum())


def _roots(importance: npt.ArrayLike | None, code: Code) -> Floats:
    """Returns the roots of importances, [block]."""
    return np.ones(code.block) if importance is None else np.sqrt(importance)


def _residuals(block: Floats, roots: Floats, code: Code) -> Floats:
    """Returns the squared distance of a block from the span of each seed's basis, [seeds]."""
    q = _orthonormal_bases(code, tuple(roots))
    projected = np.einsum("scp,sp->sc", q, block @ q)
    residuals: Floats = np.square(block - projected).sum(axis=1)
    return residuals


@lru_cache(maxsize=2)
def _orthonormal_bases(code: Code, roots: tuple[float, ...]) -> Floats:
    """Returns Q of the thin QR factors of U for each seed from 1 on, [seeds, block, latent].

    The rows of U are multiplied by `roots`.
    """
    bases = basis(code, np.arange(1, code.seeds + 1))
    return np.linalg.qr(np.array(roots)[:, None] * bases)[0]


def _best_for_basis(block: Floats, u: Floats, code: Code) -> tuple[float, tuple[int, ...], int]:
    """Returns the least error with a basis [block, latent], its coefficients and exponent."""
    low, high = code.coefficient_range
    choices = itertools.product(range(low, high + 1), repeat=code.latent - 1)
    others = np.array(list(choices), np.float64)
    best = (np.inf, (0,) * code.latent, 0)
    for exponent in reversed(range(code.exponent_range[0], code.exponent_range[1] + 1)):
        step = 2.0**exponent
        # What is left for the first coefficient, whose best value is then the nearest in range.
        rest = block - step * (others @ u[:, 1:].T)
        length = float(u[:, 0] @ u[:, 0]) or 1.0
        first = np.clip(np.rint(rest @ u[:, 0] / (step * length)), low, high)
        errors = np.square(rest - step * first[:, None] * u[:, 0]).sum(axis=1)
        least = int(errors.argmin())
        if errors[least] < best[0]:
            coefficients = (int(first[least]), *(int(q) for q in others[least]))
            best = (float(errors[least]), coefficients, exponent)
    return best
