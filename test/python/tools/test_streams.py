# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What goes to stdout and stderr of the tools as processes."""

import os
import subprocess
from pathlib import Path

import pytest
from command_line import Workspace, run_process, tool_command
from small_models import matmul_model, mixed_model, save_model

from seedlm.tools import compile as compile_tool
from seedlm.tools import inspect as inspect_tool


@pytest.fixture
def model(workspace: Workspace) -> Path:
    return save_model(mixed_model(), workspace.folder / "model.onnx")


def test_quiet_when_piped(workspace: Workspace, model: Path) -> None:
    result = run_process(compile_tool, model, "-o", workspace.output)
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[0].startswith("1 of 5 tensors compressed with seed-4bit")
    assert "\x1b" not in result.out
    assert not workspace.leftovers()


def test_long_names_are_not_cut_when_piped(workspace: Workspace) -> None:
    """A table that is piped is read by programs; names of 60 characters are common."""
    result = run_process(
        compile_tool, save_long_name(workspace), "--dry-run", env=dict(os.environ, COLUMNS="40")
    )
    assert LONG_NAME in result.out


LONG_NAME = "model.0.auto_model.encoder.layer.0.attention.output.dense.weight"


def save_long_name(workspace: Workspace) -> Path:
    model = matmul_model()
    for tensor in (model.proto.graph.initializer[0],):
        tensor.name = LONG_NAME
    model.proto.graph.node[0].input[1] = LONG_NAME
    return save_model(model, workspace.folder / "model.onnx")


def test_verbose_says_what_is_run(workspace: Workspace, model: Path) -> None:
    result = run_process(compile_tool, model, "-o", workspace.output, "-v")
    assert result.code == 0
    assert "iree-compile" in result.err
    assert "--compile-from=input" in result.err


@pytest.mark.parametrize("tool", ["compile", "inspect"])
def test_reader_that_went_away(tool: str, workspace: Workspace, model: Path) -> None:
    """As in `seedlm-compile --dry-run | head -1`: no traceback."""
    workspace.compiled(model)
    command = {
        "compile": tool_command(compile_tool, model, "--dry-run"),
        "inspect": tool_command(inspect_tool, workspace.output),
    }[tool]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    error = process.stderr.read()
    process.stderr.close()
    process.wait()
    assert "Traceback" not in error
    assert len(error.splitlines()) <= 1
