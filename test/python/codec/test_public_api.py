# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import seedlm
from seedlm import codec


def test_public_names() -> None:
    expected = [
        *("PRESETS", "Code", "CodeStore", "Encoded", "Matrix", "Mode", "Statistics"),
        *("StoredMatrix", "WeightStatistics", "decode", "encode", "encode_tensors", "load"),
        *("open_safetensors", "preset", "save"),
    ]
    assert codec.__all__ == expected
    assert all(hasattr(codec, name) for name in expected)


def test_version() -> None:
    assert seedlm.__version__ == "0.1.0"
