# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Samples from .npz files."""

import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from seedlm.errors import SeedlmError
from seedlm.inputs import Input, Samples


def npz_samples(path: Path) -> Samples:
    """Returns the samples of a .npz file: arrays named like the inputs they are for.

    Several samples are numbered: "x.0" is the input "x" of the first sample, "x.1" of the second.
    An array named like an input belongs to the first. Inputs without a name are "arg0", "arg1", ..

    Reading them raises SeedlmError if the file is damaged, an array is for no input, or samples
    are not numbered from 0.
    """
    return Samples(str(path), lambda inputs: _read(path, inputs))


def _read(path: Path, inputs: Sequence[Input]) -> Iterator[Mapping[str, NDArray[Any]]]:
    try:
        with path.open("rb") as file, NpzFile(file) as arrays:
            for keys in _samples(arrays.files, inputs):
                yield {name: arrays[key] for name, key in keys.items()}
    except OSError as error:
        raise SeedlmError(f"{path}: {error.strerror or error}") from None
    except SeedlmError as error:
        raise SeedlmError(f"{path}: {error}") from None
    except (ValueError, EOFError, AttributeError, zipfile.BadZipFile):
        raise SeedlmError(f"{path}: not a .npz file of plain arrays, or a damaged one") from None


def _samples(keys: Sequence[str], inputs: Sequence[Input]) -> list[dict[str, str]]:
    """Returns for each sample the key of each input's array, by the input's name."""
    names = [each.name for each in inputs]
    found: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for key in keys:
        name, _, number = key.rpartition(".")
        if key in names:
            name, number = key, "0"
        if name not in names or not number.isdecimal():
            raise SeedlmError(f"array '{key}' is for no input of: {', '.join(names)}")
        if name in found[int(number)]:
            raise SeedlmError(f"two arrays are for input '{name}' of sample {int(number)}")
        found[int(number)][name] = key
    if sorted(found) != list(range(len(found))):
        raise SeedlmError(f"{len(found)} samples are not numbered from 0 to {len(found) - 1}")
    return [found[number] for number in sorted(found)]
