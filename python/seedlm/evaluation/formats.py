# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Formats that weights can be stored in: the presets of the codec and plain baselines."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seedlm.codec import PRESETS, Mode, decode, encode, preset
from seedlm.codec.weights import check_weights
from seedlm.errors import SeedlmError
from seedlm.evaluation.baselines import BASELINES, Weights

FORMATS: tuple[str, ...] = (*PRESETS, *BASELINES)
AWARE = "+aa"

Importance = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Format:
    """A format by the name of its preset or baseline.

    Attributes:
        base: One of `FORMATS`.
        activation_aware: Whether codes are chosen for the model's activations.
    """

    base: str
    activation_aware: bool = False

    @property
    def name(self) -> str:
        """The name as users write it."""
        return self.base + AWARE * self.activation_aware


@dataclass(frozen=True)
class Search:
    """How codes are searched.

    Attributes:
        mode: As of `seedlm.codec.encode`.
        threads: Number of threads, all processors if None.
    """

    mode: Mode = "fast"
    threads: int | None = None


@dataclass(frozen=True)
class Stored:
    """A matrix in a format.

    Attributes:
        weights: What the stored bits stand for, float32 [rows, columns].
        bits: The bits stored, with padding and scales.
        seconds: How long it took to find them.
    """

    weights: Weights
    bits: int
    seconds: float


def parse_formats(texts: Sequence[str]) -> tuple[Format, ...]:
    """Returns the formats in lists separated by commas.

    Raises:
        SeedlmError: There are none, a name is unknown or given twice, or a baseline is to be
            activation-aware.
    """
    names = [name.strip() for text in texts for name in text.split(",") if name.strip()]
    if not names:
        raise SeedlmError("no format given")
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        raise SeedlmError(f"format '{repeated[0]}' is given twice")
    return tuple(_parse_format(name) for name in names)


def _parse_format(name: str) -> Format:
    base = name.removesuffix(AWARE)
    if base not in FORMATS:
        raise SeedlmError(f"unknown format '{name}', not one of {', '.join(FORMATS)}")
    if base != name and base not in PRESETS:
        raise SeedlmError(f"format '{name}': {base} takes no account of activations")
    return Format(base, activation_aware=base != name)


def store(
    weights: npt.NDArray[np.generic],
    format_: Format,
    search: Search,
    importance: Importance | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Stored:
    """Puts a matrix into a format.

    Args:
        weights: [rows, columns]; columns is the reduction dimension.
        format_: The format.
        search: How codes are searched; rounding does not depend on it.
        importance: For activation-aware formats, the mean square of each input, [columns].
        progress: Called with the number of blocks encoded and the number of all blocks.

    Raises:
        SeedlmError: The weights cannot be encoded; see `seedlm.codec.encode`.
    """
    start = time.perf_counter()
    if format_.base in BASELINES:
        check_weights(weights)
        rounded = BASELINES[format_.base](weights)
        return Stored(rounded.weights, rounded.bits, time.perf_counter() - start)
    encoded = encode(
        weights,
        preset(format_.base),
        mode=search.mode,
        threads=search.threads,
        progress=progress,
        importance=importance,
    )
    seconds = time.perf_counter() - start
    return Stored(decode(encoded), encoded.bits, seconds)
