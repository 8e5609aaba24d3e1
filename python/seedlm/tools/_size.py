# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sizes on the command line."""

import re

from seedlm.errors import SeedlmError

_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?(?:([kmgt]?)(i?)b?)", re.IGNORECASE)


def parse_size(option: str, text: str) -> int:
    """Returns the bytes of a size such as 2GiB, 1.5GB (decimal), 512M (binary, too) or 4096.

    Raises:
        SeedlmError: It is none, or zero; the message names the option.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise SeedlmError(f"{option} {text}: not a size such as 2GiB")
    number, prefix, binary = match.groups()
    base = 1000 if prefix and not binary and text.lower().endswith("b") else 1024
    size = int(float(number) * base ** " kmgt".index(prefix.lower() or " "))
    if size == 0:
        raise SeedlmError(f"{option} {text}: must be more than nothing")
    return size
