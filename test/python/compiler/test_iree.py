# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Running IREE's tools: what they say becomes one line."""

import logging
from pathlib import Path

import pytest

from seedlm.compiler.iree import run_iree_compile, run_python_module
from seedlm.errors import SeedlmError

MODEL = Path("model.mlir")


def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Runs a Python program as IREE's importer is run."""
    (tmp_path / "stand_in.py").write_text(program)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    run_python_module("stand_in", ["one", "two"], MODEL)


def test_success_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, monkeypatch, "import sys; print(1); print('warning: x', file=sys.stderr)")
    assert capfd.readouterr() == ("", "")


def test_command_and_output_are_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        run(tmp_path, monkeypatch, "import sys; print('a remark', file=sys.stderr)")
    assert "-m stand_in one two" in caplog.text
    assert "a remark" in caplog.text


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("raise ValueError('the reason')", "ValueError: the reason"),
        ("raise SystemExit(3)", "failed without a message"),
        ("raise SystemExit('first\\nsecond')", "first"),
        ("raise SystemExit('m.mlir:3:4: error: no such op\\n  note')", "no such op"),
        ("import os; os.abort()", "stand_in crashed (SIGABRT)"),
    ],
)
def test_failures(
    program: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SeedlmError) as error:
        run(tmp_path, monkeypatch, program)
    assert str(error.value).startswith("model.mlir: stand_in")
    assert message in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_long_messages_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SeedlmError) as error:
        run(tmp_path, monkeypatch, "raise SystemExit('x' * 100_000)")
    assert len(str(error.value)) < 400
    assert str(error.value).endswith(" ...")


def test_compiler(tmp_path: Path) -> None:
    model = tmp_path / "model.mlir"
    model.write_text("func.func @main() {")
    with pytest.raises(SeedlmError, match=r"model\.mlir: iree-compile: ") as error:
        run_iree_compile([str(model)], MODEL)
    assert len(str(error.value).splitlines()) == 1
