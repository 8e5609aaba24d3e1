# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A folder of codes: what is taken from it, and what is not."""

import logging
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from samples import SMALL, gaussian

from seedlm.codec import CodeStore, Encoded, StoredMatrix, encode
from seedlm.codec import store as store_module
from seedlm.errors import SeedlmError

WEIGHTS = gaussian(6, 40)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "codes"


@pytest.fixture
def encodings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with each matrix that is really encoded."""
    calls: list[int] = []

    def counted(*arguments: Any, **options: Any) -> Encoded:
        calls.append(1)
        return encode(*arguments, **options)

    monkeypatch.setattr(store_module, "encode", counted)
    return calls


def assert_same(a: Encoded, b: Encoded) -> None:
    assert (a.code, a.shape, a.relative_error) == (b.code, b.shape, b.relative_error)
    assert a.codes.tobytes() == b.codes.tobytes()
    assert a.scale.tobytes() == b.scale.tobytes()


def only_file(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


@pytest.mark.parametrize("scale", ["tensor", "row"])
def test_second_time_is_read(scale: str, folder: Path, encodings: list[int]) -> None:
    code = replace(SMALL, scale=scale)
    assert_same(CodeStore(folder).encode(WEIGHTS, code), encode(WEIGHTS, code))
    before = only_file(folder).stat()
    assert_same(CodeStore(folder).encode(WEIGHTS, code), encode(WEIGHTS, code))
    assert len(encodings) == 1
    after = only_file(folder).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_other_form_of_the_same_matrix(folder: Path, encodings: list[int], tmp_path: Path) -> None:
    """Neither the layout nor the place, threads nor memory limit matter."""
    store = CodeStore(folder)
    store.encode(WEIGHTS, SMALL)
    store.encode(np.asfortranarray(WEIGHTS), SMALL, threads=1)
    (tmp_path / "weights").write_bytes(WEIGHTS.T.tobytes())
    stored = StoredMatrix(tmp_path / "weights", 0, WEIGHTS.dtype, (6, 40), transposed=True)
    store.encode(stored, SMALL, memory_limit=1 << 30)
    assert len(encodings) == 1


def test_progress_of_what_is_read(folder: Path) -> None:
    calls: list[tuple[int, int]] = []
    for _ in range(2):
        CodeStore(folder).encode(WEIGHTS, SMALL, progress=lambda *call: calls.append(call))
    assert calls == [(30, 30)] * 2


def test_other_matrix_code_or_mode(
    folder: Path, encodings: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = CodeStore(folder)
    store.encode(WEIGHTS, SMALL)
    changed = WEIGHTS.copy()
    changed[5, 39] = np.nextafter(changed[5, 39], 2)
    for weights in (changed, WEIGHTS.T, WEIGHTS.astype(np.float64), WEIGHTS.reshape(5, 48)):
        store.encode(weights, SMALL)
    store.encode(WEIGHTS, replace(SMALL, exponent_bits=3))
    store.encode(WEIGHTS, replace(SMALL, scale="row"))
    store.encode(WEIGHTS, SMALL, mode="certified")
    monkeypatch.setattr(store_module, "ENCODER_VERSION", 0)
    store.encode(WEIGHTS, SMALL)
    assert len(encodings) == len(list(folder.iterdir())) == 9


@pytest.mark.parametrize("damage", ["empty", "short", "flipped", "foreign"])
def test_damaged_file(
    damage: str, folder: Path, encodings: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    store = CodeStore(folder)
    encoded = store.encode(WEIGHTS, SMALL)
    file = only_file(folder)
    content = file.read_bytes()
    flipped = bytearray(content)
    flipped[-5] ^= 1
    damaged = {"empty": b"", "short": content[:-1], "flipped": flipped, "foreign": b"x" * 999}
    file.write_bytes(damaged[damage])
    with caplog.at_level(logging.WARNING):
        assert_same(store.encode(WEIGHTS, SMALL), encoded)
    (message,) = caplog.messages
    assert message.startswith(f"{file}: ")
    assert message.endswith("; encoded anew")
    assert len(message.splitlines()) == 1
    assert len(encodings) == 2
    assert file.read_bytes() == content


def test_file_is_durable_before_it_has_its_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    fsync, rename = os.fsync, Path.replace

    def synced(descriptor: int) -> None:
        events.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    def renamed(self: Path, target: Path) -> Path:
        events.append(f"{self.name} -> {target.name}")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    CodeStore(folder).encode(WEIGHTS, SMALL)
    name = only_file(folder).name
    temporary = events[0]
    assert temporary.endswith(".tmp")
    assert events == [temporary, f"{temporary} -> {name}", "codes"]


def test_invalid_weights_leave_nothing(folder: Path) -> None:
    weights = WEIGHTS.copy()
    weights[0, 0] = np.nan
    for invalid in (weights, WEIGHTS[:0], WEIGHTS[0], WEIGHTS.astype(np.int32)):
        with pytest.raises(SeedlmError):
            CodeStore(folder).encode(invalid, SMALL)
    assert list(folder.iterdir()) == []


def test_folders_that_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(SeedlmError, match=f"{file}: not a folder"):
        CodeStore(file)
    with pytest.raises(SeedlmError, match="No such file or directory"):
        CodeStore(tmp_path / "absent" / "codes")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(SeedlmError, match=f"{tmp_path}: folder is read-only"):
        CodeStore(tmp_path)


def test_disk_is_full(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SeedlmError, match="No space left on device"):
        CodeStore(folder).encode(WEIGHTS, SMALL)
    assert list(folder.iterdir()) == []


def test_what_killed_processes_left(folder: Path) -> None:
    folder.mkdir()
    old, new = folder / ".a.safetensors.1.tmp", folder / ".b.safetensors.2.tmp"
    for file in (old, new):
        file.touch()
    os.utime(old, (time.time() - 7200,) * 2)
    CodeStore(folder)
    assert list(folder.iterdir()) == [new]


PROGRAM = """
import sys
from samples import SMALL, gaussian
from seedlm.codec import CodeStore
store = CodeStore(sys.argv[1])
for seed in range(20):
    store.encode(gaussian(6, 40, seed=seed), SMALL)
"""


def test_processes_at_the_same_time(folder: Path) -> None:
    program = f"import sys; sys.path.append({str(Path(__file__).parent)!r})\n{PROGRAM}"
    command = [sys.executable, "-c", program, str(folder)]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    for process in processes:
        assert process.communicate()[1] == b""
        assert process.returncode == 0
    assert len(list(folder.iterdir())) == 20
    assert_same(
        CodeStore(folder).encode(gaussian(6, 40, seed=19), SMALL),
        encode(gaussian(6, 40, seed=19), SMALL),
    )
