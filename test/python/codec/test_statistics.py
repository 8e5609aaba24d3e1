# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Statistics and their files."""

from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file
from samples import SMALL, gaussian

from seedlm.codec import Statistics, WeightStatistics, encode, save
from seedlm.codec.storage import write_tensors
from seedlm.errors import SeedlmError


def weight_statistics(columns: int, rows: int = 7) -> WeightStatistics:
    return WeightStatistics((9, columns), np.square(gaussian(1, columns)[0]), rows)


@pytest.fixture
def statistics() -> Statistics:
    return Statistics({"b.weight": weight_statistics(5), "a": weight_statistics(3, 2**40)}, 16)


@pytest.fixture
def file(tmp_path: Path, statistics: Statistics) -> Path:
    statistics.save(tmp_path / "s.safetensors")
    return tmp_path / "s.safetensors"


def test_round_trip(file: Path, statistics: Statistics) -> None:
    loaded = Statistics.load(str(file))
    assert loaded.samples == 16
    assert set(loaded.weights) == set(statistics.weights)
    for name, expected in statistics.weights.items():
        measured = loaded.weights[name]
        assert (measured.shape, measured.rows) == (expected.shape, expected.rows)
        np.testing.assert_array_equal(measured.mean_squares, expected.mean_squares, strict=True)


def test_no_weights(tmp_path: Path) -> None:
    Statistics({}, 1).save(tmp_path / "file")
    assert not Statistics.load(tmp_path / "file").weights


def test_bytes_are_reproducible(file: Path) -> None:
    Statistics.load(file).save(file.with_name("again"))
    assert file.with_name("again").read_bytes() == file.read_bytes()


def test_tensors_are_plain_safetensors(file: Path, statistics: Statistics) -> None:
    with safe_open(file, framework="numpy") as tensors:
        np.testing.assert_array_equal(
            tensors.get_tensor("a"), statistics.weights["a"].mean_squares, strict=True
        )


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
def test_numbers_that_are_no_mean_squares(value: float) -> None:
    mean_squares = np.array([1, value, 2], np.float32)
    with pytest.raises(SeedlmError, match=f"mean square {value} of column 1 is no finite number"):
        WeightStatistics((4, 3), mean_squares, 1)


def test_arrays_that_are_no_mean_squares() -> None:
    with pytest.raises(SeedlmError, match=r"mean squares are float64 \[3\], not a vector"):
        WeightStatistics((4, 3), np.ones(3), 1)
    with pytest.raises(SeedlmError, match=r"mean squares are float32 \[1, 3\], not a vector"):
        WeightStatistics((4, 3), np.ones((1, 3), np.float32), 1)


def refuses(path: Path, message: str) -> None:
    with pytest.raises(SeedlmError) as error:
        Statistics.load(path)
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_files_that_are_no_statistics(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[:-2])
    refuses(file, "not a whole safetensors file")
    file.write_bytes(data[:-2] + bytes([data[-2] ^ 1, data[-1]]))
    refuses(file, "the file is damaged")
    save_file({"a": np.ones(3, np.float32)}, file)
    refuses(file, "not a file of format seedlm-statistics")
    save(encode(gaussian(5, 30), SMALL), file)
    refuses(file, "not a file of format seedlm-statistics")
    file.unlink()
    refuses(file, "No such file")


FIELDS = {"format": "seedlm-statistics", "version": 1, "samples": 1}


def test_fields_that_are_missing_or_new(file: Path) -> None:
    ones = {"a": np.ones(3, np.float32)}
    write_tensors(file, FIELDS | {"version": 2}, ones)
    refuses(file, "version 2 is not 1")
    write_tensors(file, FIELDS | {"shapes": {"a": [2, 3]}, "rows": {}}, ones)
    refuses(file, "fields are invalid")
    fields = FIELDS | {"shapes": {"a": [2, 3]}, "rows": {"a": 1}}
    write_tensors(file, fields, {"a": np.full(3, np.inf, np.float32)})
    refuses(file, "tensor 'a': mean square inf of column 0")
