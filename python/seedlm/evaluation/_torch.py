# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""PyTorch and transformers, which only the extra `eval` installs; quietly."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator

from seedlm.errors import SeedlmError


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps libraries from logging, warning and drawing progress bars on stderr."""
    disabled = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore"), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(disabled)


try:
    with quiet():
        import torch
        import transformers
except ImportError:
    raise SeedlmError(
        "evaluating models needs PyTorch and transformers: pip install 'seedlm[eval]'"
    ) from None

__all__ = ["quiet", "torch", "transformers"]
