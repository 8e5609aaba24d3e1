# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Contractions on a Vulkan device compute what NumPy does with decoded weights."""

from dataclasses import replace
from pathlib import Path

import pytest
from contractions import TOLERANCE, Contraction, assert_computes, load_contractions, random_weights

from seedlm.codec import PRESETS, Code, preset
from seedlm.codec.lfsr import MAXIMAL_TAPS

# Rows and columns that are multiples of nothing, less than a block, and as in models.
SHAPES = {
    1: (37, 101),
    2: (7, 520),
    4: (130, 67),
    5: (3, 5),
    31: (65, 384),
    33: (70, 131),
    70: (1, 1),
}
BATCHES = [*range(1, 34), 64, 65, 100]
_SEED = preset("seed-4bit")
# Pairs of columns in a word, and none; exponents, groups of records, long strings.
CODES = {
    "pairs": replace(_SEED, exponent_bits=2, lfsr_width=18, taps=MAXIMAL_TAPS[18]),
    "pairs of 8 columns": replace(_SEED, block=16, latent=2),
    "no pairs": replace(_SEED, block=6, latent=3, exponent_bits=4),
    "group scales": replace(preset("paper-4bit"), scale="group-128"),
}


@pytest.mark.parametrize("element", TOLERANCE)
@pytest.mark.parametrize("name", PRESETS)
def test_static_batches(name: str, element: str, tmp_path: Path) -> None:
    contractions = [
        Contraction(random_weights(preset(name), *shape), element, batch)
        for batch, shape in SHAPES.items()
    ]
    module = load_contractions(contractions, tmp_path / "contractions.vmfb", kernels=True)
    for contraction in contractions:
        assert_computes(module, contraction, contraction.batch or 0)


@pytest.mark.parametrize(
    ("name", "element"), [*((name, "f32") for name in PRESETS), ("paper-4bit", "f16")]
)
def test_any_batch(name: str, element: str, tmp_path: Path) -> None:
    contraction = Contraction(random_weights(preset(name), 130, 67), element)
    module = load_contractions([contraction], tmp_path / "contraction.vmfb", kernels=True)
    for batch in BATCHES:
        assert_computes(module, contraction, batch)


@pytest.mark.parametrize("code", [*map(preset, PRESETS), *CODES.values()], ids=[*PRESETS, *CODES])
def test_portable_form(code: Code, tmp_path: Path) -> None:
    elements = TOLERANCE if code.scale == "row" else ("f32",)
    contractions = [Contraction(random_weights(code, 37, 101), element) for element in elements]
    module = load_contractions(contractions, tmp_path / "contractions.vmfb", kernels=False)
    for contraction in contractions:
        for batch in (1, 5, 33):
            assert_computes(module, contraction, batch)
