# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-compile --work-dir: a run that was killed goes on where it was."""

import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from command_line import Workspace, tool_command
from onnx import helper
from small_models import FLOAT32, gaussian, graph_model, save_model, two_layer_model, with_weights

from seedlm.tools import compile as compile_tool

_TIMEOUT_SECONDS = 120.0
LAYERS = 3

Files = dict[Path, tuple[int, int]]


@pytest.fixture
def model(workspace: Workspace) -> Path:
    """Layers each of which takes most of a second to encode exhaustively."""
    shapes = [(256, 512), (512, 256), (256, 384)]
    names = [f"w{i}" for i in range(LAYERS)]
    values = ["x", *[f"h{i}" for i in range(LAYERS)]]
    proto = graph_model(
        [helper.make_node("MatMul", [values[i], names[i]], [values[i + 1]]) for i in range(LAYERS)],
        {"x": ((4, 256), FLOAT32)},
        {values[-1]: ((4, 384), FLOAT32)},
        {name: gaussian(*shape) for name, shape in zip(names, shapes, strict=True)},
    )
    path = workspace.folder / "model.onnx"
    onnx.save(proto, path)
    return path


def flags(workspace: Workspace, folder: Path) -> tuple[str | Path, ...]:
    options = ("--search", "exhaustive", "-j", "1", "--work-dir", folder)
    return ("-o", workspace.output, "--params", workspace.archive, *options)


def files_of(folder: Path) -> Files:
    """The finished files of a folder, and what changes when one is written."""
    stats = {path: path.stat() for path in folder.glob("*.safetensors")}
    return {path: (stat.st_ino, stat.st_mtime_ns) for path, stat in stats.items()}


def outputs(workspace: Workspace) -> tuple[bytes, bytes]:
    return workspace.output.read_bytes(), workspace.archive.read_bytes()


def kill_when(count: int, command: list[str], folder: Path) -> Files:
    """Kills a compilation as soon as it has left `count` files; returns the files that it left."""
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, start_new_session=True, **streams)
    end = time.monotonic() + _TIMEOUT_SECONDS
    while not folder.exists() or len(files_of(folder)) < count:
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    return files_of(folder)


def test_killed_and_started_again(workspace: Workspace, model: Path) -> None:
    """At several instants of one compilation; every file that it finished is kept."""
    folder = workspace.folder / "codes"
    workspace.compiled(model, *flags(workspace, workspace.folder / "other"))
    expected = outputs(workspace)
    workspace.output.unlink()
    command = tool_command(compile_tool, model, *flags(workspace, folder))
    kept: Files = {}
    for count in range(LAYERS):
        left = kill_when(count, command, folder)
        assert len(left) >= count
        assert left.items() >= kept.items()
        kept = left
    assert not workspace.output.exists()
    workspace.compiled(model, *flags(workspace, folder))
    assert files_of(folder).items() >= kept.items()
    assert len(files_of(folder)) == LAYERS
    assert outputs(workspace) == expected


def test_output_does_not_depend_on_it(workspace: Workspace) -> None:
    model = save_model(two_layer_model(), workspace.folder / "model.onnx")
    workspace.compiled(model)
    expected = workspace.output.read_bytes()
    for _ in range(2):
        workspace.compiled(model, "--work-dir", workspace.folder / "codes")
        assert workspace.output.read_bytes() == expected
    assert len(files_of(workspace.folder / "codes")) == 2
    assert not workspace.leftovers()


def test_what_changed_is_encoded_anew(workspace: Workspace) -> None:
    proto, folder = two_layer_model().proto, workspace.folder / "codes"
    model = workspace.folder / "model.onnx"
    onnx.save(proto, model)
    workspace.compiled(model, "--work-dir", folder)
    first = files_of(folder)
    weight = gaussian(64, 128, seed=9)
    onnx.save(with_weights(proto, {"layer1.weight": weight}), model)
    workspace.compiled(model, "--work-dir", folder)
    second = files_of(folder)
    assert (len(second), second.items() > first.items()) == (3, True)
    report = workspace.folder / "report.json"
    workspace.compiled(model, "--work-dir", folder, "--bits", "3", "--report", report)
    assert len(files_of(folder)) == 5
    assert '"seed-3bit"' in report.read_text()


def test_damaged_file_is_said_and_replaced(workspace: Workspace) -> None:
    model = save_model(two_layer_model(), workspace.folder / "model.onnx")
    folder = workspace.folder / "codes"
    workspace.compiled(model, "--work-dir", folder)
    expected = workspace.output.read_bytes()
    damaged = min(files_of(folder))
    content = damaged.read_bytes()
    damaged.write_bytes(content[:-1])
    command = tool_command(compile_tool, model, "-o", workspace.output, "--work-dir", folder)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"seedlm-compile: {damaged}: ")
    assert line.endswith("; encoded anew")
    assert damaged.read_bytes() == content
    assert workspace.output.read_bytes() == expected


def test_nothing_is_kept_of_a_bad_weight(workspace: Workspace) -> None:
    weight = gaussian(64, 128)
    weight[0, 0] = np.nan
    path = workspace.folder / "model.onnx"
    onnx.save(with_weights(two_layer_model().proto, {"layer1.weight": weight}), path)
    folder = workspace.folder / "codes"
    folder.mkdir()
    workspace.refuses(path, "--work-dir", folder, says=(f"{path}: layer1.weight: ", "nan"))


def test_work_dir_that_cannot_be_used(workspace: Workspace) -> None:
    model = save_model(two_layer_model(), workspace.folder / "model.onnx")
    says = (f"{model}: not a folder",)
    workspace.refuses(model, "--work-dir", model, says=says)
    absent = workspace.folder / "absent" / "codes"
    says = (f"{absent}: No such file or directory",)
    workspace.refuses(model, "--work-dir", absent, says=says)
