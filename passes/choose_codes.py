# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The codes of least total error whose bits are within a budget."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Choice:
    """What one code costs a weight.

    Attributes:
        code: The name of the code.
        bits: Bits of all codes and scales of the weight.
        error: The error that is to be small in sum.
    """

    code: str
    bits: int
    error: float


@dataclass(frozen=True)
class _Step:
    """From one choice for a weight to the next that is worth its bits."""

    weight: int
    bits: int
    gain: float
    code: str


def choose_codes(choices: Sequence[Sequence[Choice]], bits: float) -> list[str]:
    """Returns the name of the code that is chosen for each weight.

    This is a knapsack problem with one choice from each of several sets. All weights start with
    their fewest bits. Of the further choices of a weight only those on the lower convex hull of
    error over bits are kept, so that its steps from one to the next gain less and less for a bit.
    Then all steps are taken in the order of their gain for a bit as long as they fit. Taken up to
    the first that does not fit, that is the optimum of its number of bits (it minimises error +
    lambda * bits, which is separable, for the lambda of the last step); the steps behind it only
    fill what is left. So the error is above the least by no more than the gain of that one step.

    Args:
        choices: For each weight what it may get, at least one.
        bits: How many bits all may take together, at least `fewest_bits(choices)`.
    """
    hulls = [_hull(each) for each in choices]
    left = bits - sum(hull[0].bits for hull in hulls)
    chosen = [hull[0].code for hull in hulls]
    steps = [step for i, hull in enumerate(hulls) for step in _steps(i, hull)]
    # The sort is stable: the steps of a weight with equal gains stay in order.
    steps.sort(key=lambda step: -step.gain / step.bits)
    ended: set[int] = set()
    for step in steps:
        if step.weight in ended:
            continue
        if step.bits > left:
            ended.add(step.weight)
            continue
        left -= step.bits
        chosen[step.weight] = step.code
    return chosen


def fewest_bits(choices: Sequence[Sequence[Choice]]) -> int:
    """Returns the least number of bits that all weights can take together."""
    return sum(min(choice.bits for choice in each) for each in choices)


def _hull(choices: Sequence[Choice]) -> list[Choice]:
    """Returns the lower convex hull of error over bits, from the fewest bits to the least error."""
    hull: list[Choice] = []
    for choice in sorted(choices, key=lambda each: (each.bits, each.error)):
        if hull and choice.error >= hull[-1].error:
            continue
        while len(hull) > 1 and _slope(hull[-2], hull[-1]) >= _slope(hull[-1], choice):
            hull.pop()
        hull.append(choice)
    return hull


def _slope(a: Choice, b: Choice) -> float:
    return (b.error - a.error) / (b.bits - a.bits)


def _steps(weight: int, hull: list[Choice]) -> Iterator[_Step]:
    for a, b in pairwise(hull):
        yield _Step(weight, b.bits - a.bits, a.error - b.error, b.code)
