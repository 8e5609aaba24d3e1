# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The error that every part of seedlm raises for bad input."""


class SeedlmError(ValueError):
    """Bad input; the message is one line that names the thing and the reason."""
