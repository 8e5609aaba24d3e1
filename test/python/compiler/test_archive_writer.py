# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Parameter archives written tensor by tensor."""

from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from seedlm.compiler.ir import archive_writer
from seedlm.compiler.ir.archive_writer import ArchiveWriter, write_archive
from seedlm.compiler.ir.parameters import Place, load_archive, verify_archive
from seedlm.errors import SeedlmError

ARRAYS = {
    "matrix": np.arange(600, dtype=np.float32).reshape(20, 30),
    "transposed": np.arange(600, dtype=np.float32).reshape(20, 30).T,
    "repeated": np.broadcast_to(np.float32(0.5), (8, 4)),
    "scalar": np.array(3, np.int64),
    "empty": np.zeros((0, 3), np.int8),
    "bf16": np.arange(7).astype(ml_dtypes.bfloat16),
}


@pytest.mark.parametrize("chunk", [1, 100, 1 << 24])
def test_tensors_come_back(chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_writer, "_CHUNK_BYTES", chunk)
    path = tmp_path / "weights.irpa"
    write_archive(path, ARRAYS)
    assert list(tmp_path.iterdir()) == [path]
    verify_archive(path)
    entries = load_archive(path)
    assert set(entries) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert bytes(entries[name].file_view) == array.tobytes()


def test_chunks_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [tmp_path / "a.irpa", tmp_path / "b.irpa"]
    write_archive(paths[0], ARRAYS)
    monkeypatch.setattr(archive_writer, "_CHUNK_BYTES", 64)
    write_archive(paths[1], ARRAYS)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_parts_of_files(tmp_path: Path) -> None:
    data, path = tmp_path / "data", tmp_path / "weights.irpa"
    data.write_bytes(bytes(range(200)))
    with ArchiveWriter(path) as writer:
        writer.add_stored("middle", Place(data, 50), 100)
        writer.add("array", ARRAYS["matrix"])
        writer.add_stored("start", Place(data, 0), 3)
    data.unlink()
    entries = load_archive(path)
    assert bytes(entries["middle"].file_view) == bytes(range(50, 150))
    assert bytes(entries["start"].file_view) == bytes(range(3))
    assert bytes(entries["array"].file_view) == ARRAYS["matrix"].tobytes()


def test_nothing_is_written_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "weights.irpa"
    with pytest.raises(FileNotFoundError), ArchiveWriter(path) as writer:
        writer.add_stored("w", Place(tmp_path / "absent", 0), 3)
    assert list(tmp_path.iterdir()) == []


def test_archive_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "folder.irpa").mkdir()
    with pytest.raises(SeedlmError, match=r"folder\.irpa: cannot be written: "):
        write_archive(tmp_path / "folder.irpa", ARRAYS)
