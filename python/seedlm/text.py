# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Samples from text, for models that take tokens (needs the text extra)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seedlm.errors import SeedlmError
from seedlm.inputs import Input, Samples

try:
    from tokenizers import Encoding, Tokenizer
except ImportError:
    raise SeedlmError("text samples need tokenizers: pip install 'seedlm[text]'") from None

# More than any tokenizer's average; bounds how much of a long text is read.
_CHARACTERS_PER_TOKEN = 16
_VALUES: dict[str, Callable[[Encoding], list[int]]] = {
    "tokens": lambda row: row.ids,
    "mask": lambda row: row.attention_mask,
    "types": lambda row: row.type_ids,
    "positions": lambda row: list(range(len(row))),
}
_PARTS_OF_NAMES = {"mask": "mask", "type": "types", "segment": "types", "position": "positions"}


@dataclass(frozen=True)
class TextOptions:
    """How text becomes samples.

    Attributes:
        tokenizer: A tokenizer.json file.
        length: The most tokens in a sequence.
        samples: The most samples.
    """

    tokenizer: Path
    length: int
    samples: int


def text_samples(path: Path, options: TextOptions) -> Samples:
    """Returns a text file as samples of sequences of tokens, each with its special tokens.

    The text is cut where a sequence is full. Of a model's inputs, those named like "mask" are ones,
    those like "type" or "segment" the types of the tokens, those like "position" 0, 1, ..; the one
    that remains takes the tokens. All are integers [sequence] or [batch, sequence]; static sizes
    are respected. A last sequence that is shorter than the others is left out. A tokenizer that is
    set to cut texts at fewer tokens than `length` does so.

    Reading them raises SeedlmError if a file cannot be read, an input cannot be filled, or the text
    is too short for one sample.
    """
    return Samples(str(path), lambda inputs: _read(path, options, inputs))


def _read(
    path: Path, options: TextOptions, inputs: Sequence[Input]
) -> Iterator[Mapping[str, NDArray[Any]]]:
    roles = _roles(path, inputs)
    batch = _fixed_size(path, [each for each in inputs if len(each.shape) == 2], 0) or 1
    fixed = _fixed_size(path, inputs, -1)
    tokenizer, length = _tokenizer(options.tokenizer, fixed or options.length)
    text = _text(path, _CHARACTERS_PER_TOKEN * length * batch * options.samples)
    encoding = tokenizer.encode(text)
    sequences = [each for each in (encoding, *encoding.overflowing) if len(each) == length]
    if not sequences and fixed is None and text.strip():
        sequences = [encoding]
    if len(sequences) < batch:
        raise SeedlmError(f"{path}: too short for a sample of {batch} x {length} tokens")
    for i in range(min(len(sequences) // batch, options.samples)):
        rows = sequences[i * batch : (i + 1) * batch]
        yield {each.name: _array(each, roles[each.name], rows) for each in inputs}


def _roles(path: Path, inputs: Sequence[Input]) -> dict[str, str]:
    """Returns what fills each input: "tokens", "mask", "types" or "positions"."""
    roles = {}
    for each in inputs:
        if each.dtype.kind not in "bi" or len(each.shape) not in (1, 2):
            raise SeedlmError(f"{path}: text cannot fill input {each}; give samples as .npz")
        parts = (role for part, role in _PARTS_OF_NAMES.items() if part in each.name.lower())
        roles[each.name] = next(parts, "tokens")
    tokens = [f"'{name}'" for name, role in roles.items() if role == "tokens"]
    if len(tokens) != 1:
        which = f"any of {', '.join(tokens)}" if tokens else "none"
        raise SeedlmError(f"{path}: the input that takes tokens may be {which}; give .npz samples")
    return roles


def _fixed_size(path: Path, inputs: Sequence[Input], dimension: int) -> int | None:
    """Returns the static size that all inputs have in a dimension, None if it is dynamic."""
    sizes = {each.shape[dimension]: each for each in inputs if each.shape[dimension] is not None}
    if len(sizes) > 1:
        different = " and ".join(map(str, sizes.values()))
        raise SeedlmError(f"{path}: text cannot fill inputs of different sizes: {different}")
    return next(iter(sizes), None)


def _tokenizer(path: Path, most: int) -> tuple[Tokenizer, int]:
    """Returns a tokenizer that cuts texts at `most` tokens or earlier, and at how many it does."""
    if not path.is_file():
        raise SeedlmError(f"{path}: no such file (the tokenizer of text samples)")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the bindings raise nothing more specific
        raise SeedlmError(f"{path}: not a tokenizer: {error}") from None
    own = tokenizer.truncation["max_length"] if tokenizer.truncation else most
    length = min(own, most)
    if length <= tokenizer.num_special_tokens_to_add(is_pair=False):
        raise SeedlmError(f"{path}: samples of {length} tokens have no room for text")
    tokenizer.no_padding()
    tokenizer.enable_truncation(length)
    return tokenizer, length


def _text(path: Path, characters: int) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(characters)
    except UnicodeDecodeError:
        raise SeedlmError(f"{path}: not a text in UTF-8") from None
    except OSError as error:
        raise SeedlmError(f"{path}: {error.strerror}") from None


def _array(model_input: Input, role: str, rows: Sequence[Encoding]) -> NDArray[Any]:
    array = np.array([_VALUES[role](row) for row in rows], model_input.dtype)
    return array if len(model_input.shape) == 2 else array[0]
