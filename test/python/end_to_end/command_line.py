# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Running the tools as a user does, in a folder whose every file is watched."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from seedlm.tools import compile as compile_tool
from seedlm.tools import inspect as inspect_tool

OLD_OUTPUT = b"what was there before"


@dataclass(frozen=True)
class Completed:
    """How a tool ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Workspace:
    """A folder for the user's files and one for temporary files.

    `compile` and `inspect` run the tools in process; `-o` need not be given: it is `output`.
    """

    folder: Path
    temporary: Path
    capture: pytest.CaptureFixture[str]

    @property
    def output(self) -> Path:
        return self.folder / "out.vmfb"

    @property
    def archive(self) -> Path:
        return self.folder / "out.irpa"

    def run(self, main: Callable[[list[str]], int], *arguments: str | Path) -> Completed:
        self.capture.readouterr()
        code = main([str(each) for each in arguments])
        captured = self.capture.readouterr()
        return Completed(code, captured.out, captured.err)

    def compile(self, *arguments: str | Path) -> Completed:
        given = "-o" in arguments or "--dry-run" in arguments
        own = [] if given else ["-o", self.output]
        return self.run(compile_tool.main, *own, *arguments)

    def compiled(self, *arguments: str | Path) -> str:
        """Compiles, which must succeed without a word on stderr; returns what was printed."""
        result = self.compile(*arguments)
        assert (result.code, result.err) == (0, "")
        return result.out

    def inspect(self, *arguments: str | Path) -> Completed:
        return self.run(inspect_tool.main, *arguments)

    def refuses(self, *arguments: str | Path, says: tuple[str, ...]) -> None:
        """Compiles, which must fail in one line that has all of `says`, and touch no file."""
        for file in (self.output, self.archive):
            if not file.exists():
                file.write_bytes(OLD_OUTPUT)
        before = self.contents()
        assert_one_line(self.compile(*arguments), "seedlm-compile", *says)
        assert self.contents() == before
        assert not self.leftovers()

    def leftovers(self) -> list[str]:
        """Temporary files, but for the folder in which torch keeps what it compiles."""
        names = [path.name for path in self.temporary.iterdir()]
        return [name for name in names if not name.startswith("torchinductor_")]

    def contents(self) -> dict[str, bytes | None]:
        """Every file in the folder with its bytes, and every folder in it."""
        return {
            str(path.relative_to(self.folder)): None if path.is_dir() else path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_dir() or path.is_file()
        }


def assert_one_line(result: Completed, tool: str, *says: str) -> None:
    """Checks that a tool failed as users expect it to: exit code 1 and one line on stderr."""
    lines = result.err.splitlines()
    assert len(lines) == 1, result.err
    assert lines[0].startswith(f"{tool}: ")
    for each in says:
        assert each in lines[0]
    assert "Traceback" not in result.err
    assert result.code == 1


def tool_command(tool: ModuleType, *arguments: str | Path) -> list[str]:
    """The command line that runs `main` of a tool in an interpreter of its own."""
    program = f"import sys; from {tool.__name__} import main; sys.exit(main())"
    return [sys.executable, "-c", program, *map(str, arguments)]


def run_process(tool: ModuleType, *arguments: str | Path, **options: object) -> Completed:
    """Runs a tool as a process of its own, its streams piped."""
    done = subprocess.run(
        tool_command(tool, *arguments), capture_output=True, text=True, check=False, **options
    )
    return Completed(done.returncode, done.stdout, done.stderr)
