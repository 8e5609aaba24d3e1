# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Codes that outlive an interrupted run: a folder with a file for each encoded matrix."""

import hashlib
import json
import logging
import os
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt

from seedlm.codec.code import Code
from seedlm.codec.encoded import Encoded
from seedlm.codec.encoder import ENCODER_VERSION, Mode, Progress, encode
from seedlm.codec.sources import Matrix, matrix_of
from seedlm.codec.storage import load, save
from seedlm.codec.weights import check_shape, row_chunks
from seedlm.errors import SeedlmError

_LOG = logging.getLogger(__name__)

# A temporary file that nobody has written to for so long was left by a process that was killed.
_STALE_SECONDS = 3600


class CodeStore:
    """Encodes matrices, each once: what was encoded before is read from a folder.

    A file is named after all that its codes depend on (see `fingerprint`), is written under another
    name, made durable and then renamed, and has a checksum. So any number of processes can use a
    folder at a time, and one that is killed loses the matrix that it was encoding.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        """Opens a folder, which is made if it does not exist.

        Raises:
            SeedlmError: It cannot be made or is not a folder that can be written to.
        """
        self._folder = Path(folder)
        try:
            self._folder.mkdir(exist_ok=True)
        except FileExistsError:
            raise SeedlmError(f"{folder}: not a folder") from None
        except OSError as error:
            raise SeedlmError(f"{folder}: {error.strerror}") from None
        if not os.access(self._folder, os.W_OK | os.X_OK):
            raise SeedlmError(f"{folder}: folder is read-only")
        self._remove_stale()

    def encode(
        self,
        weights: Matrix | npt.ArrayLike,
        code: Code,
        *,
        mode: Mode = "fast",
        threads: int | None = None,
        memory_limit: int | None = None,
        progress: Progress | None = None,
        importance: npt.ArrayLike | None = None,
    ) -> Encoded:
        """Returns the codes of a weight matrix, as `seedlm.codec.encode` does.

        A damaged file is replaced, with a warning in the log.

        Raises:
            SeedlmError: As `encode`; or the codes cannot be written.
        """
        matrix = matrix_of(weights)
        check_shape(matrix)
        key = fingerprint(matrix, code, mode, importance)
        path = self._folder / f"{key}.safetensors"
        found = _load(path)
        if found is not None:
            blocks = found.shape[0] * found.blocks_per_row
            if progress is not None:
                progress(blocks, blocks)
            return found
        encoded = encode(
            matrix,
            code,
            mode=mode,
            threads=threads,
            memory_limit=memory_limit,
            progress=progress,
            importance=importance,
        )
        save(encoded, path)
        return encoded

    def _remove_stale(self) -> None:
        for path in self._folder.glob(".*.tmp"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > _STALE_SECONDS:
                    path.unlink()


def fingerprint(
    weights: Matrix, code: Code, mode: Mode, importance: npt.ArrayLike | None = None
) -> str:
    """Returns a hexadecimal SHA-256 of all that the codes of a matrix depend on."""
    fields = {
        "encoder": ENCODER_VERSION,
        "code": asdict(code),
        "mode": mode,
        "shape": weights.shape,
        "dtype": weights.dtype.name,
        "weighted": importance is not None,
    }
    digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode())
    if importance is not None:
        digest.update(np.asarray(importance, np.float64).tobytes())
    for _, rows in row_chunks(weights):
        digest.update(np.ascontiguousarray(rows).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _load(path: Path) -> Encoded | None:
    if not path.exists():
        return None
    try:
        return load(path)
    except SeedlmError as error:
        _LOG.warning("%s; encoded anew", error)
        return None
