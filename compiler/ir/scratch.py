# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Temporary files without a name, which are gone with the process, whatever ends that."""

import os
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seedlm.errors import SeedlmError


class Scratch:
    """A temporary file that grows.

    Attributes:
        descriptor: Its descriptor, which is closed with this object.
        end: Where the next bytes go.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Makes the file in `folder`, by default that of temporary files.

        Raises:
            OSError: It cannot be made.
        """
        with tempfile.TemporaryFile(dir=folder) as file:
            self.descriptor = os.dup(file.fileno())
        weakref.finalize(self, os.close, self.descriptor)
        self.end = 0

    def append(self, data: memoryview) -> None:
        """Writes bytes to the end.

        Raises:
            SeedlmError: They cannot be written.
        """
        with _errors_said():
            while data:
                written = os.pwrite(self.descriptor, data, self.end)
                self.end += written
                data = data[written:]

    def reserve(self, size: int) -> None:
        """Makes the file `size` bytes long, so that it can be mapped up to there.

        Raises:
            SeedlmError: It cannot be.
        """
        with _errors_said():
            os.truncate(self.descriptor, size)


@contextmanager
def _errors_said() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SeedlmError(f"temporary file cannot be written: {error.strerror}") from None
