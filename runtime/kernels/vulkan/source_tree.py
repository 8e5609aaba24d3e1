# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes the package's modules importable from its sources, while it is being built.

What packages import themselves is left out: the encoder, among others, which is not built yet.
"""

import sys
from pathlib import Path
from types import ModuleType

_ROOT = Path(__file__).resolve().parents[3]
_PACKAGES = {
    "seedlm": "python/seedlm",
    "seedlm.codec": "python/seedlm/codec",
    "seedlm.passes": "passes",
}

for _name, _folder in _PACKAGES.items():
    _package = ModuleType(_name)
    _package.__path__ = [str(_ROOT / _folder)]
    sys.modules[_name] = _package
