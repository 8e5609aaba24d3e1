# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The selected weights of a model in a format."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from seedlm.errors import SeedlmError
from seedlm.evaluation.baselines import Weights
from seedlm.evaluation.formats import Format, Importance, Search, Stored, store
from seedlm.evaluation.results import TensorResult

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class StoredModel:
    """Weights of a model in a format.

    Attributes:
        weights: What the stored bits stand for, by name, float32 [outputs, inputs].
        tensors: Size and error of each.
        bits_per_weight: Bits stored for each weight of all of them.
        relative_error: Frobenius norm of the error of all of them over theirs.
        seconds: How long it took to find the bits.
    """

    weights: Mapping[str, Weights]
    tensors: tuple[TensorResult, ...]
    bits_per_weight: float
    relative_error: float
    seconds: float


def store_model(
    originals: Mapping[str, Weights],
    format_: Format,
    search: Search,
    importances: Mapping[str, Importance],
    progress: Progress,
) -> StoredModel:
    """Puts weights into a format.

    Args:
        originals: The weights by name, float32 [outputs, inputs].
        format_: The format.
        search: How codes are searched.
        importances: The mean squares of each weight's inputs, for activation-aware formats.
        progress: Called with a weight's name, and the number of weights done and of all.

    Raises:
        SeedlmError: A weight cannot be put into the format; the message names it.
    """
    total = sum(array.size for array in originals.values())
    stored: dict[str, Stored] = {}
    done = 0
    for name, array in originals.items():
        importance = importances[name] if format_.activation_aware else None
        try:
            stored[name] = store(
                array, format_, search, importance, _within(name, array.size, done, total, progress)
            )
        except SeedlmError as error:
            raise SeedlmError(f"tensor '{name}': {error}") from None
        done += array.size
        progress(name, done, total)
    return _summary(originals, stored)


def _within(
    name: str, size: int, before: int, total: int, progress: Progress
) -> Callable[[int, int], None]:
    """Returns progress in blocks of one weight as progress in all weights."""
    return lambda done, blocks: progress(name, before + size * done // blocks, total)


def _summary(originals: Mapping[str, Weights], stored: Mapping[str, Stored]) -> StoredModel:
    errors = {name: _squares(each.weights - originals[name]) for name, each in stored.items()}
    norms = {name: _squares(array) for name, array in originals.items()}
    tensors = tuple(
        TensorResult(
            name=name,
            shape=each.weights.shape,
            bits_per_weight=each.bits / each.weights.size,
            relative_error=_relative(errors[name], norms[name]),
        )
        for name, each in stored.items()
    )
    size = sum(each.weights.size for each in stored.values())
    return StoredModel(
        weights={name: each.weights for name, each in stored.items()},
        tensors=tensors,
        bits_per_weight=sum(each.bits for each in stored.values()) / size,
        relative_error=_relative(sum(errors.values()), sum(norms.values())),
        seconds=sum(each.seconds for each in stored.values()),
    )


def _squares(array: Weights) -> float:
    return float(np.square(array, dtype=np.float64).sum())


def _relative(error: float, norm: float) -> float:
    return math.sqrt(error / norm) if norm else 0.0
