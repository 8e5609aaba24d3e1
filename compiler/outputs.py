# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Output files that appear whole or not at all."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from seedlm.errors import SeedlmError


def check_output(output: Path, inputs: Sequence[Path]) -> None:
    """Checks that `output` can be written and is none of `inputs`.

    Raises:
        SeedlmError: Its folder is missing or read-only, it is a folder, or it is an input.
    """
    if output.is_dir():
        raise SeedlmError(f"{output}: is a folder")
    if not output.parent.is_dir():
        raise SeedlmError(f"{output}: no such folder: {output.parent}")
    if not os.access(output.parent, os.W_OK):
        raise SeedlmError(f"{output}: folder is read-only: {output.parent}")
    if any(each.exists() and output.exists() and output.samefile(each) for each in inputs):
        raise SeedlmError(f"{output}: would overwrite the input")


def check_distinct(outputs: Sequence[Path]) -> None:
    """Checks that no two of `outputs` are one file.

    Raises:
        SeedlmError: Two of them are.
    """
    for i, output in enumerate(outputs):
        if output.resolve() in [each.resolve() for each in outputs[:i]]:
            raise SeedlmError(f"{output}: named for two outputs")


@contextmanager
def atomic_outputs(outputs: Sequence[Path]) -> Iterator[list[Path]]:
    """Yields temporary files, one beside each of `outputs`, and renames them when all is well.

    Nothing is left behind and no output is touched if the body raises.

    Raises:
        SeedlmError: A file cannot be written.
    """
    temporary: list[Path] = []
    try:
        for output in outputs:
            handle, name = tempfile.mkstemp(prefix=f".{output.name}.", dir=output.parent)
            os.close(handle)
            temporary.append(Path(name))
        yield temporary
        for source, output in zip(temporary, outputs, strict=True):
            source.chmod(0o666 & ~_umask())
            source.replace(output)
    except OSError as error:
        raise SeedlmError(f"{error.filename or outputs[0]}: {error.strerror}") from None
    finally:
        for path in temporary:
            path.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
