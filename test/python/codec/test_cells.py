# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The search by cells: its guarantees, its determinism and its files."""

import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import code_of_width, codes

from seedlm.codec import Code, _native, decode, encode, preset
from seedlm.codec.cells import CellCounts, _remembered, cell_counts, cell_table, table_path
from seedlm.codec.native import native_code

# Small and quick to build.
CODE = code_of_width(14, 8, 3)
COUNTS = CellCounts(outer=16, inner=16, list=128, fast=64)

Blocks = npt.NDArray[np.float32]
Records = tuple[npt.NDArray[Any], ...]


def magnitudes(rng: np.random.Generator, n: int) -> npt.NDArray[np.float64]:
    return rng.standard_normal((n, 8)) * 4.0 ** rng.integers(-9, 1, (n, 1))


DISTRIBUTIONS: dict[str, Callable[[np.random.Generator, int], npt.NDArray[np.float64]]] = {
    "gaussian": lambda rng, n: rng.standard_normal((n, 8)),
    "student-t(4)": lambda rng, n: rng.standard_t(4, (n, 8)),
    "outliers": lambda rng, n: rng.standard_normal((n, 8)) * 40.0 ** (rng.random((n, 8)) < 0.1),
    "constant": lambda rng, n: np.full((n, 8), rng.standard_normal((n, 1))),
    "magnitudes": magnitudes,
    "denormals": lambda rng, n: rng.standard_normal((n, 8)) * 1e-42,
    "zeros": lambda rng, n: rng.standard_normal((n, 8)) * (rng.random((n, 8)) < 0.1),
}


def sample(distribution: str, n: int) -> tuple[Blocks, Blocks]:
    blocks = DISTRIBUTIONS[distribution](np.random.default_rng(1), n).astype(np.float32)
    largest = max(float(np.abs(blocks).max()) / 512, float(np.finfo(np.float32).smallest_normal))
    return blocks, np.full(n, largest, np.float32)


@cache
def table(simd: str = "", threads: int = 2) -> _native.CellTable:
    return _native.CellTable.build(
        native_code(CODE), outer=16, inner=16, seeds=128, threads=threads, simd=simd
    )


def assert_same(a: Records, b: Records) -> None:
    for mine, theirs in zip(a, b, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_certified_is_exhaustive(distribution: str) -> None:
    blocks, scales = sample(distribution, 500)
    certified = table().encode_blocks(blocks, scales, seeds=64, certify=True, threads=2)
    assert_same(certified, _native.encode_blocks(blocks, scales, native_code(CODE), threads=2))


@pytest.mark.slow
def test_certified_is_exhaustive_on_many_blocks() -> None:
    code = preset("paper-4bit")
    weights = np.random.default_rng(2).standard_normal((100, 1640)).astype(np.float32)
    certified = encode(weights, code, mode="certified")
    assert certified.codes.tobytes() == encode(weights, code, mode="exhaustive").codes.tobytes()


@pytest.mark.parametrize(("name", "limit"), [("paper-4bit", 1.005), ("paper-3bit", 1.007)])
def test_fast_is_nearly_as_good(name: str, limit: float) -> None:
    code = preset(name)
    weights = np.random.default_rng(3).standard_normal((60, 60 * code.block)).astype(np.float32)
    best = encode(weights, code, mode="exhaustive").relative_error
    assert best <= encode(weights, code).relative_error <= limit * best


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("simd", _native.simd_levels())
def test_tables_are_the_same(simd: str, threads: int) -> None:
    for name in ("outer_directions", "inner_directions", "positions", "bounds"):
        expected = getattr(table("baseline", 1), name)
        np.testing.assert_array_equal(getattr(table(simd, threads), name), expected)


@pytest.mark.parametrize("certify", [False, True])
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("simd", _native.simd_levels())
def test_records_are_the_same(simd: str, distribution: str, certify: bool) -> None:
    blocks, scales = sample(distribution, 300)

    def encoded(blocks: Blocks, simd: str, threads: int) -> Records:
        return table().encode_blocks(
            blocks, scales[: len(blocks)], seeds=64, certify=certify, threads=threads, simd=simd
        )

    expected = encoded(blocks, "baseline", 1)
    assert_same(encoded(blocks, simd, 3), expected)
    # Nor do the other blocks of a cell matter.
    assert_same(encoded(blocks[:7], simd, 1), tuple(field[:7] for field in expected))


@pytest.mark.parametrize(("block", "latent"), [(4, 4), (5, 2), (7, 3), (16, 1), (15, 4)])
def test_other_shapes(block: int, latent: int) -> None:
    code = native_code(code_of_width(12, block, latent, exponent_bits=2))
    cells = _native.CellTable.build(code, outer=16, inner=16, seeds=64, threads=2)
    blocks = np.random.default_rng(4).standard_normal((60, block)).astype(np.float32)
    scales = np.full(60, 0.3, np.float32)
    best = _native.encode_blocks(blocks, scales, code, threads=2)
    assert_same(cells.encode_blocks(blocks, scales, seeds=32, certify=True, threads=2), best)
    fast = cells.encode_blocks(blocks, scales, seeds=64, certify=False, threads=2)
    assert (fast[3] >= best[3]).all()


def test_positions_out_of_range() -> None:
    arrays = {n: getattr(table(), n) for n in ("outer_directions", "inner_directions", "bounds")}
    positions = np.full_like(table().positions, CODE.seeds)
    with pytest.raises(ValueError, match="a position is out of range"):
        _native.CellTable.of(
            native_code(CODE), outer=16, inner=16, seeds=128, positions=positions, **arrays
        )


@pytest.mark.parametrize(("width", "block", "latent"), [(11, 8, 3), (16, 6, 3), (16, 4, 4)])
def test_some_codes_have_no_table(width: int, block: int, latent: int) -> None:
    assert cell_counts(code_of_width(width, block, latent)) is None


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEEDLM_CACHE", str(tmp_path / "cache"))
    _remembered.cache_clear()
    return table_path(CODE, COUNTS)


def positions_of(code: Code = CODE) -> npt.NDArray[np.uint32]:
    positions = cell_table(code, COUNTS, 2).positions.copy()
    _remembered.cache_clear()
    return positions


def test_table_is_kept_and_read(path: Path) -> None:
    built = positions_of()
    before = path.stat().st_mtime_ns
    np.testing.assert_array_equal(positions_of(), built)
    assert path.stat().st_mtime_ns == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("damage", ["flip", "truncate", "empty", "foreign"])
def test_damaged_file_is_replaced(path: Path, damage: str) -> None:
    built = positions_of()
    good = path.read_bytes()
    flipped = good[:-5000] + bytes([good[-5000] ^ 1]) + good[-4999:]
    bad = {"flip": flipped, "truncate": good[:-7], "empty": b"", "foreign": b"x" * len(good)}
    path.write_bytes(bad[damage])
    with pytest.warns(UserWarning, match="not a whole table of this version, built anew"):
        np.testing.assert_array_equal(positions_of(), built)
    assert path.read_bytes() == good


def test_folder_that_cannot_be_written(path: Path) -> None:
    path.parent.write_text("a file")
    assert len(positions_of())


_BUILD = """
from seedlm.codec import preset
from seedlm.codec.cells import CellCounts, cell_table
counts = CellCounts(outer=16, inner=16, list=128, fast=64)
print(int(cell_table(preset("paper-4bit"), counts, 1).positions.sum()))
"""


def test_concurrent_builders(path: Path) -> None:
    builders = [
        subprocess.Popen([sys.executable, "-c", _BUILD], stdout=subprocess.PIPE) for _ in range(3)
    ]
    sums = {builder.communicate(timeout=60)[0] for builder in builders}
    assert sums == {b"%d\n" % positions_of(preset("paper-4bit")).sum()}
    assert len(list(path.parent.iterdir())) == 1


@settings(max_examples=40, deadline=None)
@given(codes(), st.integers(1, 5), st.integers(1, 300), st.integers(0, 99))
def test_round_trip_of_any_code(code: Code, rows: int, columns: int, seed: int) -> None:
    weights = np.random.default_rng(seed).standard_normal((rows, columns)).astype(np.float32)
    encoded = encode(weights, code)
    decoded = decode(encoded)
    assert decoded.shape == weights.shape
    error = np.linalg.norm(weights.astype(np.float64) - decoded) / np.linalg.norm(weights)
    assert encoded.relative_error == pytest.approx(error, rel=1e-5, abs=1e-9)
    # A block is at worst zero.
    assert error <= 1
