# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the tools share: exit codes, and files that may be standard streams."""

import sys
from collections.abc import Callable
from pathlib import Path

from seedlm.errors import SeedlmError

INTERRUPTED = 130


def exit_code_of(tool: str, run: Callable[[], None]) -> int:
    """Runs a tool and returns its exit code: 0, 1 for an error (printed), 130 for Ctrl-C."""
    try:
        run()
    except SeedlmError as error:
        print(f"{tool}: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        file = f"{error.filename}: " if error.filename else ""
        print(f"{tool}: {file}{error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{tool}: interrupted", file=sys.stderr)
        return INTERRUPTED
    return 0


def read_text(path: str) -> str:
    """Returns the text of a file, or of standard input for `-`.

    Raises:
        SeedlmError: It cannot be read or is no text.
    """
    try:
        return sys.stdin.read() if path == "-" else Path(path).read_text()
    except OSError as error:
        raise SeedlmError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SeedlmError(f"{path}: not a text file") from None


def write_text(path: str, text: str) -> None:
    """Writes text to a file, or to standard output for `-`.

    Raises:
        SeedlmError: It cannot be written.
    """
    try:
        sys.stdout.write(text) if path == "-" else Path(path).write_text(text)
    except OSError as error:
        raise SeedlmError(f"{path}: {error.strerror}") from None
