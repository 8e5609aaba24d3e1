# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which code each weight gets: one for all, by name, or by what the bits of a budget buy."""

import math
from dataclasses import dataclass
from fnmatch import fnmatchcase

from seedlm.codec import PRESETS, preset
from seedlm.errors import SeedlmError

# The choice to leave a weight as it is, named as a code is.
DENSE = "dense"
DEFAULT_CODE = "paper-4bit"
# The codes of the paper have more error than these at equal bits.
BUDGET_CODES = tuple(name for name in PRESETS if name.startswith("seed-"))


@dataclass(frozen=True)
class Budget:
    """How many bits the compressed weights may take together.

    Attributes:
        bits: Bits a weight on average, scales and padding included.
        codes: Names of the codes to choose from, presets or "dense".

    Raises:
        SeedlmError: `bits` is not a positive number, or there is no or an unknown code.
    """

    bits: float
    codes: tuple[str, ...] = BUDGET_CODES

    def __post_init__(self) -> None:
        if not 0 < self.bits < math.inf:
            raise SeedlmError(f"budget {self.bits:g} is not a positive number of bits")
        if not self.codes:
            raise SeedlmError("budget without a code to choose")
        for name in self.codes:
            check_code(name)


@dataclass(frozen=True)
class CodePlan:
    """Which code each weight gets.

    Attributes:
        default: Name of the code of weights that no pattern matches and no budget is for.
        patterns: Pairs of a glob pattern of names and the name of a code, or "dense"; of the
            patterns that match a name the first counts.
        budget: From what the codes of weights are chosen that no pattern matches.
    """

    default: str = DEFAULT_CODE
    patterns: tuple[tuple[str, str], ...] = ()
    budget: Budget | None = None

    def check(self) -> None:
        """Raises a SeedlmError if a code is unknown."""
        check_code(self.default)
        for pattern, name in self.patterns:
            try:
                check_code(name)
            except SeedlmError as error:
                raise SeedlmError(f"code for '{pattern}': {error}") from None

    def names(self) -> tuple[str, ...]:
        """Returns the names of the codes that weights may get, without "dense"."""
        usual = (self.default,) if self.budget is None else self.budget.codes
        all_names = dict.fromkeys((*usual, *(name for _, name in self.patterns)))
        return tuple(name for name in all_names if name != DENSE)

    def codes_for(self, name: str) -> tuple[str, ...]:
        """Returns the names of the codes that a weight may get."""
        for pattern, code in self.patterns:
            if fnmatchcase(name, pattern):
                return (code,)
        return (self.default,) if self.budget is None else self.budget.codes


def split_pair(option: str, text: str) -> tuple[str, str]:
    """Returns the pattern and the name of a code in `PATTERN=NAME`.

    Raises:
        SeedlmError: There is no `=`; the message names the option.
    """
    pattern, equals, name = text.rpartition("=")
    if not equals:
        raise SeedlmError(f"{option} {text}: not PATTERN=NAME")
    return pattern, name


def check_code(name: str) -> None:
    """Raises a SeedlmError unless `name` is a preset or "dense"."""
    if name != DENSE:
        preset(name)
