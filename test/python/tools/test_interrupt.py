# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ctrl-C: exit code 130, one line, and no file that was not there before."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from command_line import Workspace, tool_command
from iree.compiler.tools import binaries
from small_models import matmul_model, save_model

from seedlm.tools import compile as compile_tool

_TIMEOUT_SECONDS = 60.0


def _heed_interrupts() -> None:
    """Shells start jobs in the background deaf to interrupts, which their children inherit."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """A program whose stderr is a terminal, in a process group of its own."""

    def __init__(self, command: list[str]) -> None:
        self._reader, writer = pty.openpty()
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=writer,
            start_new_session=True,
            preexec_fn=_heed_interrupts,
        )
        os.close(writer)
        self.shown = ""

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Reads what is shown until `is_so()`."""
        end = time.monotonic() + _TIMEOUT_SECONDS
        while not is_so():
            assert time.monotonic() < end
            assert self.process.poll() is None, self.shown
            self._read()

    def interrupt(self) -> int:
        """Sends what Ctrl-C sends, to all processes of the group; returns the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        code = self.process.wait(_TIMEOUT_SECONDS)
        self._read()
        os.close(self._reader)
        return code

    def _read(self) -> None:
        if select.select([self._reader], [], [], 0.05)[0]:
            try:
                self.shown += os.read(self._reader, 1 << 16).decode()
            except OSError:  # the other end is closed
                return


@pytest.fixture
def command(workspace: Workspace) -> list[str]:
    """Compiles a model whose encoding takes many seconds on one thread."""
    model = save_model(matmul_model(2048, 1024), workspace.folder / "model.onnx")
    outputs = ("-o", workspace.output, "--params", workspace.archive)
    return tool_command(compile_tool, model, *outputs, "-j", "1")


def assert_nothing_was_left(workspace: Workspace) -> None:
    assert list(workspace.contents()) == ["model.onnx"]
    assert not workspace.leftovers()


def test_while_weights_are_encoded(workspace: Workspace, command: list[str]) -> None:
    """The progress bar names the tensor that is encoded, once a part of it is."""
    terminal = Terminal(command)
    terminal.wait_until(lambda: " w" in terminal.shown)
    assert terminal.interrupt() == 130
    assert "encoding" in terminal.shown
    assert terminal.shown.rstrip().endswith("seedlm-compile: interrupted")
    assert "Traceback" not in terminal.shown
    assert_nothing_was_left(workspace)


def test_while_the_compiler_runs(workspace: Workspace, command: list[str]) -> None:
    compiler, started = workspace.temporary / "compiler", workspace.temporary / "started"
    compiler.write_text(f"#!/bin/sh\ntouch {started}\nexec sleep 60\n")
    compiler.chmod(0o755)
    replaced = f"{binaries.__name__}.find_tool = lambda name: {str(compiler)!r}; "
    program = f"import {binaries.__name__}; {replaced}{command[2]}"
    terminal = Terminal([sys.executable, "-c", program, *command[3:]])
    terminal.wait_until(started.exists)
    assert terminal.interrupt() == 130
    assert "Traceback" not in terminal.shown
    started.unlink()
    compiler.unlink()
    assert_nothing_was_left(workspace)


def test_outputs_that_were_there_are_kept(workspace: Workspace, command: list[str]) -> None:
    for file in (workspace.output, workspace.archive):
        file.write_bytes(b"old")
    before = workspace.contents()
    terminal = Terminal(command)
    terminal.wait_until(lambda: " w" in terminal.shown)
    assert terminal.interrupt() == 130
    assert workspace.contents() == before
