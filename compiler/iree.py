# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Running IREE's tools: each in a subprocess, so that a crash becomes an error in one line."""

import logging
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from iree.compiler.tools import binaries

from seedlm.errors import SeedlmError

_LOG = logging.getLogger(__name__)
_ERROR = re.compile(r"^.*?\berror: (.*)$", re.MULTILINE)
_MESSAGE_LIMIT = 300


def run_iree_compile(arguments: Sequence[str], subject: Path) -> None:
    """Runs iree-compile.

    Args:
        arguments: Its arguments.
        subject: The file that an error message names.

    Raises:
        SeedlmError: It failed; the message has its first error, or the signal that ended it.
    """
    _run([binaries.find_tool("iree-compile"), *arguments], subject, "iree-compile")


def run_python_module(module: str, arguments: Sequence[str], subject: Path) -> None:
    """Runs a Python module as a program, as `run_iree_compile` runs the compiler."""
    _run([sys.executable, "-m", module, *arguments], subject, module.rpartition(".")[2])


def _run(command: Sequence[str], subject: Path, tool: str) -> None:
    _LOG.info("%s", " ".join(command))
    result = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    _LOG.info("%s", result.stderr)
    if result.returncode < 0:
        name = signal.Signals(-result.returncode).name
        error = _ERROR.search(result.stderr)
        said = f": {error[1]}" if error else ""
        raise SeedlmError(f"{subject}: {tool} crashed ({name}){said}")
    if result.returncode > 0:
        raise SeedlmError(f"{subject}: {tool}: {_first_error(result.stderr)}")


def _first_error(stderr: str) -> str:
    """Returns the first `error:` of a tool's output, else its first line (last of a traceback)."""
    match = _ERROR.search(stderr)
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    line = lines[-1 if "Traceback" in stderr else 0] if lines else "failed without a message"
    message = match[1] if match else line
    return message if len(message) <= _MESSAGE_LIMIT else message[:_MESSAGE_LIMIT] + " ..."
