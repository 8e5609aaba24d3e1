# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Output files appear whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from seedlm.compiler.outputs import atomic_outputs, check_distinct, check_output
from seedlm.errors import SeedlmError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_files_appear_when_all_is_well(tmp_path: Path) -> None:
    outputs = [tmp_path / "a.vmfb", tmp_path / "b.irpa"]
    outputs[0].write_bytes(b"old")
    with atomic_outputs(outputs) as files:
        assert [file.parent for file in files] == [tmp_path, tmp_path]
        for file, content in zip(files, (b"1", b"2"), strict=True):
            file.write_bytes(content)
        assert outputs[0].read_bytes() == b"old"
        assert not outputs[1].exists()
    assert [output.read_bytes() for output in outputs] == [b"1", b"2"]
    assert names(tmp_path) == ["a.vmfb", "b.irpa"]


@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077])
def test_permissions_are_those_of_any_new_file(mask: int, tmp_path: Path) -> None:
    old = os.umask(mask)
    try:
        with atomic_outputs([tmp_path / "a"]):
            pass
    finally:
        os.umask(old)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o666 & ~mask


@pytest.mark.parametrize("error", [SeedlmError("x"), KeyboardInterrupt(), ZeroDivisionError()])
def test_nothing_is_left_when_the_body_fails(error: BaseException, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")

    def fail() -> None:
        with atomic_outputs([tmp_path / "a", tmp_path / "b"]) as files:
            files[0].write_bytes(b"half")
            raise error

    with pytest.raises(type(error)):
        fail()
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


def test_body_that_deletes_its_file(tmp_path: Path) -> None:
    """iree-compile does, when it fails."""
    with pytest.raises(SeedlmError), atomic_outputs([tmp_path / "a"]) as files:
        files[0].unlink()
    assert names(tmp_path) == []


def test_system_error_names_the_output(tmp_path: Path) -> None:
    output = tmp_path / "a"
    with pytest.raises(SeedlmError, match=f"{output}: No space left"), atomic_outputs([output]):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_folder_that_is_missing(tmp_path: Path) -> None:
    with (
        pytest.raises(SeedlmError, match="No such file or directory"),
        atomic_outputs([tmp_path / "none" / "a"]),
    ):
        pass


def test_check_output(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.touch()
    (tmp_path / "link").symlink_to(model)
    (tmp_path / "hard").hardlink_to(model)
    check_output(tmp_path / "new", [model])
    check_output(model, [])
    for name in ("model", "link", "hard", "../" + tmp_path.name + "/model"):
        with pytest.raises(SeedlmError, match="would overwrite the input"):
            check_output(tmp_path / name, [tmp_path / "missing", model])


def test_check_distinct(tmp_path: Path) -> None:
    check_distinct([])
    check_distinct([tmp_path / "a", tmp_path / "b"])
    with pytest.raises(SeedlmError, match="b: named for two outputs"):
        check_distinct([tmp_path / "b", tmp_path / "a", tmp_path / "x" / ".." / "b"])
