# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Weights that are read slice by slice, and limits of memory."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import save_file
from samples import SMALL, code_of_width, gaussian

from seedlm.codec import (
    Code,
    Encoded,
    Matrix,
    StoredMatrix,
    encode,
    encode_tensors,
    open_safetensors,
    preset,
)
from seedlm.codec.memory import chunk_blocks
from seedlm.errors import SeedlmError

MIB = 1 << 20


class Watched:
    """A matrix that only gives slices, and remembers the largest."""

    def __init__(self, array: npt.NDArray[Any]) -> None:
        self._array = array
        self.shape, self.dtype = array.shape, array.dtype
        self.largest = 0

    def __getitem__(self, index: tuple[slice, slice]) -> npt.NDArray[Any]:
        assert all(isinstance(each, slice) and each.step is None for each in index)
        part = self._array[index]
        self.largest = max(self.largest, part.size)
        return part


def assert_same(a: Encoded, b: Encoded) -> None:
    assert a.codes.tobytes() == b.codes.tobytes()
    assert a.scale.tobytes() == b.scale.tobytes()
    assert a.relative_error == b.relative_error


@pytest.mark.parametrize("scale", ["tensor", "row", "group-128"])
@pytest.mark.parametrize("shape", [(3000, 1000), (2, 1_500_001)])
def test_only_slices_are_read(shape: tuple[int, int], scale: str) -> None:
    weights = gaussian(*shape)
    code = code_of_width(6, 16, 1, scale=scale, exponent_bits=2)
    watched = Watched(weights)
    assert_same(encode(watched, code), encode(weights, code))
    assert watched.largest <= max(1 << 20, shape[1])


@pytest.mark.parametrize("code", [SMALL, code_of_width(8, 12, 4, scale="row")])
@pytest.mark.parametrize("shape", [(700, 100), (3, 30_001), (40, 1)])
def test_chunks_do_not_matter(
    code: Code, shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even to the last bit of the error."""
    weights = gaussian(*shape)
    whole = encode(weights, code)
    for blocks in (1, 7, 1000):
        monkeypatch.setattr("seedlm.codec.encoder.chunk_blocks", lambda *_, n=blocks: n)
        assert_same(encode(weights, code), whole)


@pytest.mark.parametrize("limit_mib", [460, 2048])
def test_memory_limit_does_not_matter(limit_mib: int) -> None:
    weights, code = gaussian(64, 104), preset("paper-4bit")
    assert_same(encode(weights, code, memory_limit=limit_mib * MIB), encode(weights, code))


def test_memory_limit_sets_the_chunk() -> None:
    code = preset("paper-4bit")
    assert chunk_blocks(code, 1000, None, False) == 1000
    assert chunk_blocks(code, 1 << 30, 1 << 30, False) < chunk_blocks(code, 1 << 30, 1 << 31, False)
    assert chunk_blocks(code, 1000, 1 << 40, False) == 1000
    assert chunk_blocks(code, 1 << 30, 1 << 29, True) > chunk_blocks(code, 1 << 30, 1 << 29, False)


@pytest.mark.parametrize("limit", [0, 1, 64 * MIB])
def test_memory_limit_too_low(limit: int) -> None:
    with pytest.raises(SeedlmError, match=r"memory limit of .* MiB is less than the \d+ MiB that"):
        encode(gaussian(2, 8), preset("paper-4bit"), memory_limit=limit)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32, np.float64])
@pytest.mark.parametrize("transposed", [False, True])
def test_stored_matrix(
    transposed: bool, dtype: npt.DTypeLike, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = gaussian(50, 30).astype(dtype)
    path = tmp_path / "weights"
    path.write_bytes(b"x" * 7 + (weights.T if transposed else weights).tobytes())
    stored = StoredMatrix(path, 7, weights.dtype, (50, 30), transposed)
    assert isinstance(stored, Matrix)
    for mapped in (1, 1000, 1 << 24):
        monkeypatch.setattr("seedlm.codec.sources._MAPPED_BYTES", mapped)
        for index in (np.s_[:, :], np.s_[3:4, 7:15], np.s_[49:80, 20:99], np.s_[9:9, :]):
            np.testing.assert_array_equal(stored[index], weights[index])
    assert_same(encode(stored, SMALL), encode(weights, SMALL))


def test_memmap_is_read_as_it_is(tmp_path: Path) -> None:
    weights = gaussian(50, 30)
    weights.tofile(tmp_path / "weights")
    mapped = np.memmap(tmp_path / "weights", np.float32, "r", shape=(50, 30))
    assert_same(encode(mapped, SMALL), encode(weights, SMALL))


def test_lists_are_arrays() -> None:
    weights = gaussian(2, 9)
    assert_same(encode(weights.astype(np.float64).tolist(), SMALL), encode(weights, SMALL))


def test_tensors_are_encoded_one_by_one() -> None:
    taken = []

    def source() -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
        for i in range(3):
            taken.append(i)
            yield f"w{i}", gaussian(4, 16, seed=i)

    encoded = encode_tensors(source(), SMALL)
    assert taken == []
    for i in range(3):
        name, each = next(encoded)
        assert (name, taken) == (f"w{i}", list(range(i + 1)))
        assert_same(each, encode(gaussian(4, 16, seed=i), SMALL))


def test_error_names_the_tensor() -> None:
    with pytest.raises(SeedlmError, match=r"^second: weights have shape \[0, 8\]"):
        list(encode_tensors({"first": gaussian(1, 8), "second": gaussian(0, 8)}, SMALL))


def test_safetensors(tmp_path: Path) -> None:
    tensors = {
        "b": gaussian(3, 20),
        "a": gaussian(20, 3).astype(ml_dtypes.bfloat16),
        "vector": gaussian(1, 20)[0],
        "ids": np.arange(6).reshape(2, 3),
    }
    save_file(tensors, tmp_path / "weights.safetensors", {"format": "np"})
    opened = open_safetensors(tmp_path / "weights.safetensors")
    assert set(opened) == {"a", "b"}
    for name, encoded in encode_tensors(opened, SMALL):
        assert_same(encoded, encode(tensors[name], SMALL))


@pytest.mark.parametrize("content", [b"", b"no tensors at all", json.dumps({}).encode()])
def test_not_safetensors(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    with pytest.raises(SeedlmError, match=f"{path}: No such file"):
        open_safetensors(path)
    path.write_bytes(content)
    with pytest.raises(SeedlmError, match=f"{path}: not a whole safetensors file"):
        open_safetensors(path)


# What encoding a file takes beyond the interpreter, measured in a process of its own.
PEAK = """
import sys
from pathlib import Path
import numpy as np
from seedlm.codec import StoredMatrix, encode
from seedlm.codec.lfsr import MAXIMAL_TAPS
from samples import code_of_width

def status(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key + ":")) << 10

path, rows, columns, transposed, limit = sys.argv[1:]
code = code_of_width(4, 16, 1, scale="row", exponent_bits=2)
weights = StoredMatrix(
    Path(path), 0, np.dtype(np.float32), (int(rows), int(columns)), transposed == "1"
)
encode(np.ones((1, 16), np.float32), code)
Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
before = status("VmRSS")
encoded = encode(weights, code, threads=1, memory_limit=int(limit))
print(status("VmHWM") - before - encoded.codes.nbytes)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peaks are read in /proc")
@pytest.mark.parametrize("transposed", ["0", "1"])
def test_peak_memory(transposed: str, tmp_path: Path) -> None:
    """A matrix of 128 MiB is encoded within a limit far below its size."""
    path, limit = tmp_path / "weights", 56 * MIB
    rows, columns = (2048, 1 << 14) if transposed == "0" else (1 << 14, 2048)
    part = gaussian(256, 1 << 14)
    with path.open("wb") as file:
        for _ in range(8):
            file.write(part.data)
    arguments = (str(path), str(rows), str(columns), transposed, str(limit))
    folder = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.append({folder!r})\n{PEAK}", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert int(done.stdout) <= limit
