# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the tests of the tools share."""

import tempfile
from pathlib import Path

import pytest
from command_line import Workspace


@pytest.fixture
def workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Workspace:
    folder, temporary = tmp_path / "work", tmp_path / "temporary"
    folder.mkdir()
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return Workspace(folder, temporary, capsys)
