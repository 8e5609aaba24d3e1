# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Texts as the tokens that a model reads."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seedlm.errors import SeedlmError
from seedlm.evaluation.models import Model

Tokens = npt.NDArray[np.int64]

_DEFAULT_CONTEXT = 512


@dataclass(frozen=True)
class Window:
    """Tokens that a causal model reads at once, int64 [n], and those that its last ones predict."""

    inputs: Tokens
    targets: Tokens


def context_of(model: Model, context: int | None) -> int:
    """Returns how many tokens the model reads at once; for None 512 or, if less, what it can.

    Raises:
        SeedlmError: That is less than two or more than it can read.
    """
    if context is None:
        return min(_DEFAULT_CONTEXT, model.longest)
    if not 2 <= context <= model.longest:
        raise SeedlmError(f"{model.path}: context {context} is not in 2..{model.longest}")
    return context


def windows(model: Model, text: str, context: int, tokens: int) -> list[Window]:
    """Cuts a text into windows that together predict `tokens` tokens, or all if it has fewer.

    The tokens are those of the text, without special ones. A window starts where the one before
    ended and knows nothing of it; each of its tokens predicts the next, the last one the first of
    the next window. If the tokeniser puts a token before any text, it also stands before each
    window; what it predicts does not count.

    Raises:
        SeedlmError: The text has fewer than two tokens.
    """
    ids = np.array(model.tokenizer(text, add_special_tokens=False).input_ids, np.int64)
    count = min(tokens, len(ids) - 1)
    if count < 1:
        raise SeedlmError("the text has fewer than two tokens")
    prefix = _prefix(model)
    step = context - len(prefix)
    ends = [(start, min(start + step, count)) for start in range(0, count, step)]
    return [
        Window(np.concatenate([prefix, ids[start:end]]), ids[start + 1 : end + 1])
        for start, end in ends
    ]


def lines(model: Model, text: str, context: int, tokens: int | None) -> list[Tokens]:
    """Returns the tokens of each line of a text that is not blank, cut to `context`, int64 [n].

    They have the special tokens of the model. Lines stop before `tokens` tokens are exceeded, but
    there is at least one.

    Raises:
        SeedlmError: All lines are blank.
    """
    found: list[Tokens] = []
    total = 0
    for line in filter(str.strip, text.splitlines()):
        ids = model.tokenizer(line, truncation=True, max_length=context).input_ids
        total += len(ids)
        if found and tokens is not None and total > tokens:
            break
        found.append(np.array(ids, np.int64))
    if not found:
        raise SeedlmError("the text has no lines")
    return found


def _prefix(model: Model) -> Tokens:
    """Returns the token that the tokeniser puts before any text, int64 [0 or 1]."""
    first = model.tokenizer.bos_token_id
    is_put = first is not None and model.tokenizer("a").input_ids[:1] == [first]
    return np.array([first] if is_put else [], np.int64)
