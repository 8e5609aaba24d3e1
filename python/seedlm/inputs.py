# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The inputs of a model, and samples that fit them."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seedlm.errors import SeedlmError

Sample = list[NDArray[Any]]
"""One array for each input of a model, in order."""

AnySample = Mapping[str, ArrayLike] | Sequence[ArrayLike]
"""The inputs of one call, by name or in order."""

_TENSOR = re.compile(r"tensor<((?:[?\d]+x)*)(\w+)>")
_DTYPES: dict[str, type[np.generic]] = {
    "f64": np.float64,
    "f32": np.float32,
    "f16": np.float16,
    "i64": np.int64,
    "i32": np.int32,
    "i16": np.int16,
    "i8": np.int8,
    "i1": np.bool_,
}


@dataclass(frozen=True)
class Input:
    """An input of a model.

    Attributes:
        name: Its name, "arg0" .. if the model has none.
        shape: Its sizes, None where dynamic.
        dtype: The dtype of its elements.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: np.dtype[Any]

    def __str__(self) -> str:
        sizes = "x".join("?" if size is None else str(size) for size in self.shape)
        return f"'{self.name}' ({self.dtype} {sizes or 'scalar'})"

    def convert(self, array: ArrayLike) -> NDArray[Any]:
        """Returns `array` in the dtype of the input.

        Raises:
            SeedlmError: Its shape is another, or its dtype of another kind.
        """
        given = np.asarray(array)
        fits = len(given.shape) == len(self.shape) and all(
            own in (None, size) for own, size in zip(self.shape, given.shape, strict=True)
        )
        if not fits or not np.can_cast(given.dtype, self.dtype, "same_kind"):
            raise SeedlmError(f"input {self} is given {given.dtype} {list(given.shape)}")
        return given.astype(self.dtype, copy=False)


@dataclass(frozen=True)
class Samples:
    """Samples for a model whose inputs are not known yet.

    Attributes:
        name: What errors call them, such as their file.
        read: Returns them for the inputs of a model; they are taken one by one.
    """

    name: str
    read: Callable[[Sequence[Input]], Iterable[AnySample]]


def make_inputs(types: Sequence[str], names: Sequence[str]) -> list[Input]:
    """Returns the inputs of a model.

    Args:
        types: Their types, such as "tensor<?x384xf32>".
        names: Their names, or fewer.

    Raises:
        SeedlmError: There is no dtype for a type.
    """
    pairs = zip_longest(types, names[: len(types)])
    return [_input(type_, name or f"arg{i}") for i, (type_, name) in enumerate(pairs)]


def make_sample(sample: AnySample, inputs: Sequence[Input]) -> Sample:
    """Returns a sample as arrays in the order and with the dtypes of `inputs`.

    Raises:
        SeedlmError: An input is missing, unknown or does not fit.
    """
    if isinstance(sample, Mapping):
        names = [each.name for each in inputs]
        for name in sample:
            if name not in names:
                raise SeedlmError(f"no input is named '{name}', but: {', '.join(names)}")
        for each in inputs:
            if each.name not in sample:
                raise SeedlmError(f"input {each} is missing")
        sample = [sample[name] for name in names]
    if len(sample) != len(inputs):
        raise SeedlmError(f"{len(sample)} arrays for {len(inputs)} inputs")
    return [each.convert(array) for each, array in zip(inputs, sample, strict=True)]


def _input(type_: str, name: str) -> Input:
    match = _TENSOR.fullmatch(type_)
    if match is None or match[2] not in _DTYPES:
        raise SeedlmError(f"input '{name}' has type {type_}, which no NumPy dtype fits")
    sizes = match[1].split("x")[:-1]
    shape = tuple(None if size == "?" else int(size) for size in sizes)
    return Input(name, shape, np.dtype(_DTYPES[match[2]]))
