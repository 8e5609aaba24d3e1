# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Outputs that cannot be written, and compilers that fail: one line, and nothing is touched."""

import errno
import os
import resource
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import OLD_OUTPUT, Workspace, assert_one_line, run_process
from iree.compiler.tools import binaries
from small_models import matmul_model, save_external, save_model

from seedlm.tools import compile as compile_tool

SPLAT_MLIR = """
func.func @main(%x: tensor<4x64xf32>) -> tensor<4x64xf32> {
  %w = arith.constant dense<0.5> : tensor<64x64xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4x64xf32>
  %start = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x64xf32>) -> tensor<4x64xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x64xf32>, tensor<64x64xf32>)
      outs(%start : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}
"""
OUTPUT_FLAGS = ("-o", "--params", "--report")


@pytest.fixture
def model(workspace: Workspace) -> Path:
    return save_model(matmul_model(), workspace.folder / "model.onnx")


@pytest.mark.parametrize("flag", OUTPUT_FLAGS)
def test_folder_is_missing(flag: str, workspace: Workspace, model: Path) -> None:
    output = workspace.folder / "missing" / "out.json"
    workspace.refuses(model, flag, output, says=(f"{output}: no such folder: {output.parent}",))


@pytest.mark.parametrize("flag", OUTPUT_FLAGS)
def test_folder_is_a_file(flag: str, workspace: Workspace, model: Path) -> None:
    output = model / "out.json"
    workspace.refuses(model, flag, output, says=(f"{output}: no such folder: {model}",))


@pytest.mark.parametrize("flag", OUTPUT_FLAGS)
def test_output_is_a_folder(flag: str, workspace: Workspace, model: Path) -> None:
    output = workspace.folder / "folder.json"
    output.mkdir()
    workspace.refuses(model, flag, output, says=(f"{output}: is a folder",))


@pytest.mark.parametrize("flag", OUTPUT_FLAGS)
def test_folder_is_read_only(
    flag: str, workspace: Workspace, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Permissions do not bind root, as whom tests may run: what is asked for them is replaced."""
    folder = workspace.folder / "read-only"
    folder.mkdir()
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != folder and access(path, mode))
    output = folder / "out.json"
    workspace.refuses(model, flag, output, says=(f"{output}: folder is read-only: {folder}",))


@pytest.mark.parametrize("flag", OUTPUT_FLAGS)
@pytest.mark.parametrize("name", ["model.json", "./model.json", "link.json"])
def test_output_is_the_input(flag: str, name: str, workspace: Workspace) -> None:
    """A report must be named .json, and MLIR may be named anything: the model is a link to it."""
    file, model = workspace.folder / "model.json", workspace.folder / "model.onnx"
    file.write_bytes(matmul_model().proto.SerializeToString())
    model.symlink_to(file)
    (workspace.folder / "link.json").symlink_to(model)
    output = workspace.folder / name
    workspace.refuses(model, flag, output, says=(f"{output}: would overwrite the input",))


@pytest.mark.parametrize("flag", OUTPUT_FLAGS)
def test_output_is_external_data_of_the_input(flag: str, workspace: Workspace) -> None:
    model = save_external(matmul_model().proto, workspace.folder / "model.onnx", suffix=".json")
    output = workspace.folder / "model.onnx.json"
    workspace.refuses(model, flag, output, says=(f"{output}: would overwrite the input",))


@pytest.mark.parametrize(
    "flags", [("-o", "--params"), ("-o", "--report"), ("--params", "--report")], ids=" ".join
)
def test_two_outputs_are_one(flags: tuple[str, str], workspace: Workspace, model: Path) -> None:
    first, second = workspace.folder / "out.json", workspace.folder / "." / "out.json"
    arguments = (model, flags[0], first, flags[1], second)
    workspace.refuses(*arguments, says=("out.json: named for two outputs",))


def no_space(*arguments: Any, **options: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("call", ["write_bytes", "write_text", "open", "replace"])
def test_disk_is_full(
    call: str, workspace: Workspace, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is an OSError of whichever call needs space."""
    original: Callable[..., Any] = getattr(Path, call)

    def limited(self: Path, *arguments: Any, **options: Any) -> Any:
        writes = call != "open" or (arguments and "w" in arguments[0])
        return no_space() if writes else original(self, *arguments, **options)

    report = workspace.folder / "report.json"
    report.write_bytes(OLD_OUTPUT)
    monkeypatch.setattr(Path, call, limited)
    result = workspace.compile(model, "--report", report)
    assert_one_line(result, "seedlm-compile", os.strerror(errno.ENOSPC))
    assert report.read_bytes() == OLD_OUTPUT
    assert not list(workspace.folder.glob(".*"))
    assert not workspace.leftovers()


def test_no_space_for_temporary_files(
    workspace: Workspace, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "mkdir", no_space)
    workspace.refuses(model, says=(os.strerror(errno.ENOSPC),))


@pytest.mark.parametrize("limit", [1_000, 26_000, 40_000])
def test_files_may_not_grow(limit: int, workspace: Workspace, model: Path) -> None:
    """A limit of the file size stops import or compiler halfway, as a full disk does."""
    assert_stopped_by_limit(limit, workspace, model)


def test_archive_may_not_grow(workspace: Workspace) -> None:
    """A dense constant of one value is small in MLIR and large in the archive."""
    model = workspace.folder / "model.mlir"
    model.write_text(SPLAT_MLIR)
    assert_stopped_by_limit(10_000, workspace, model, "--exclude", "constant0")


def assert_stopped_by_limit(limit: int, workspace: Workspace, model: Path, *flags: str) -> None:
    for file in (workspace.output, workspace.archive):
        file.write_bytes(OLD_OUTPUT)
    before = workspace.contents()
    result = run_process(
        compile_tool,
        *(model, "-o", workspace.output, "--params", workspace.archive, *flags),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert_one_line(result, "seedlm-compile", f"{model}: ")
    assert workspace.contents() == before
    assert not workspace.leftovers()


def fake_compiler(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    tool = workspace.folder / "fake-iree-compile"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(binaries, "find_tool", lambda name: str(tool))


@pytest.mark.parametrize("signal", ["SEGV", "KILL", "ABRT"])
def test_compiler_crashes(
    signal: str, workspace: Workspace, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_compiler(workspace, monkeypatch, f"echo 'stack dump' >&2; kill -{signal} $$")
    workspace.refuses(model, says=(f"{model}: iree-compile crashed (SIG{signal})",))


def test_compiler_crashes_after_it_deleted_the_output(
    workspace: Workspace, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """iree-compile deletes the file at -o when it fails; here it does so to emit the module."""
    real = binaries.find_tool("iree-compile")
    die = 'for last; do true; done; rm -f "$last"; kill -SEGV $$'
    script = f'case "$*" in *--compile-from=input*) {die};; *) exec {real} "$@";; esac'
    fake_compiler(workspace, monkeypatch, script)
    arguments = (model, "--params", workspace.archive)
    workspace.refuses(*arguments, says=(f"{model}: iree-compile crashed (SIGSEGV)",))


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 3", "failed without a message"),
        ("echo 'x.mlir:1:2: error: no such thing' >&2; echo more >&2; exit 1", "no such thing"),
        ("echo only words >&2; exit 1", "only words"),
        ("printf 'error: \\377\\376' >&2; exit 1", "\ufffd"),
    ],
)
def test_compiler_fails(
    script: str,
    reason: str,
    workspace: Workspace,
    model: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake_compiler(workspace, monkeypatch, script)
    workspace.refuses(model, says=(f"{model}: iree-compile: {reason}",))


def test_unknown_compiler_flag(workspace: Workspace, model: Path) -> None:
    workspace.refuses(model, "--", "--no-such-flag", says=(f"{model}: ", "--no-such-flag"))


def test_unknown_processor(workspace: Workspace, model: Path) -> None:
    workspace.refuses(model, "--target-cpu", "z80", says=(f"{model}: iree-compile: Unknown CPU",))
