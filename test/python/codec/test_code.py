# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from dataclasses import replace

import pytest
from samples import PAPER_EXAMPLE, code_of_width

from seedlm.codec import PRESETS, Code, preset
from seedlm.codec.lfsr import MAXIMAL_TAPS
from seedlm.errors import SeedlmError


def test_presets_are_those_of_the_paper() -> None:
    assert PRESETS == ("paper-4bit", "paper-3bit", "seed-4bit", "seed-3bit")
    four = Code(
        block=8,
        latent=3,
        lfsr_width=16,
        taps=(0, 1, 3, 12),
        coefficient_bits=4,
        exponent_bits=4,
        basis_bits=16,
    )
    assert preset("paper-4bit") == four
    assert preset("paper-3bit") == replace(four, block=12, latent=4)


@pytest.mark.parametrize(("name", "bits", "per_weight"), [("4", 32, 4.0), ("3", 36, 3.0)])
def test_preset_sizes(name: str, bits: int, per_weight: float) -> None:
    code = preset(f"paper-{name}bit")
    assert code.record_bits == bits
    assert code.bits_per_weight == per_weight


@pytest.mark.parametrize(("name", "bits", "width"), [("4", 32, 16), ("3", 24, 12)])
def test_seed_presets(name: str, bits: int, width: int) -> None:
    code = preset(f"seed-{name}bit")
    assert code.record_bits == bits
    assert (code.lfsr_width, code.basis_bits) == (width, 8)
    assert (code.scale, code.scale_type) == ("row", "f16")


@pytest.mark.parametrize(
    ("scale", "shape"),
    [("tensor", ()), ("row", (5,)), ("group-128", (5, 3)), ("group-256", (5, 2))],
)
def test_scale_shapes(scale: str, shape: tuple[int, ...]) -> None:
    code = replace(preset("paper-3bit"), scale=scale)
    assert code.scale_shape(5, 300) == shape
    groups = code.scale_groups(300)
    assert len(groups) == 25
    assert groups[-1] == (shape[1] - 1 if len(shape) == 2 else 0)


def test_block_belongs_to_the_group_of_its_first_column() -> None:
    code = replace(preset("paper-3bit"), scale="group-128")
    assert code.scale_groups(140).tolist() == [0] * 11 + [1]
    assert code.scale_groups(132).tolist() == [0] * 11
    assert code.scale_shape(2, 132) == (2, 1)


def test_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(
        SeedlmError,
        match=r"^preset 'int4' is unknown; .*paper-4bit, paper-3bit, seed-4bit, seed-3bit$",
    ):
        preset("int4")


def test_ranges() -> None:
    code = code_of_width(8, 8, 2, coefficient_bits=5, exponent_bits=3)
    assert code.coefficient_range == (-16, 15)
    assert code.exponent_range == (-4, 3)
    assert replace(code, exponent_bits=1).exponent_range == (-1, 0)
    assert replace(code, exponent_bits=0).exponent_range == (0, 0)


@pytest.mark.parametrize(("columns", "blocks", "size"), [(1, 1, 5), (12, 1, 5), (13, 2, 9)])
def test_row_sizes(columns: int, blocks: int, size: int) -> None:
    code = preset("paper-3bit")
    assert code.blocks_per_row(columns) == blocks
    assert code.row_bytes(columns) == size


@pytest.mark.parametrize("width", MAXIMAL_TAPS)
def test_every_width_has_maximal_taps(width: int) -> None:
    assert code_of_width(width, 4, 2).seeds == 2**width - 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"block": 0}, "block 0 is not an integer in 1..16"),
        ({"block": 17}, "block 17 is not"),
        ({"latent": 5}, "latent 5 is not"),
        ({"latent": 4, "block": 3}, "latent 4 is more than block 3"),
        ({"lfsr_width": 21}, "lfsr_width 21 is not"),
        ({"lfsr_width": 2}, "lfsr_width 2 is not"),
        ({"coefficient_bits": 2}, "coefficient_bits 2 is not"),
        ({"exponent_bits": 5}, "exponent_bits 5 is not"),
        ({"exponent_bits": 2.0}, "exponent_bits 2.0 is not"),
        ({"basis_bits": 1}, "basis_bits 1 is not"),
        ({"basis_bits": 4}, "basis_bits 4 is more than lfsr_width 3"),
        ({"scale": "group-64"}, "scale 'group-64' is not one of tensor, row, group-128, group-256"),
        ({"scale_type": "bf16"}, "scale_type 'bf16' is not one of f32, f16"),
        ({"taps": [0, 1]}, "taps [0, 1] is not a tuple of integers"),
        ({"taps": (1, 0)}, "taps (1, 0) are not ascending positions"),
        ({"taps": (0, 3)}, "taps (0, 3) are not ascending positions"),
        ({"taps": (0,)}, "taps (0,) do not give a register of width 3 the maximal period 7"),
        ({"taps": (1, 2)}, "taps (1, 2) do not give"),
        ({"taps": ()}, "taps () do not give"),
    ],
)
def test_invalid_code(fields: dict[str, object], message: str) -> None:
    with pytest.raises(SeedlmError) as error:
        replace(PAPER_EXAMPLE, **fields)  # type: ignore[arg-type]
    assert str(error.value).startswith(f"code: {message}")
    assert "\n" not in str(error.value)


def test_record_is_at_most_64_bits() -> None:
    assert code_of_width(20, 16, 4, coefficient_bits=5).record_bits == 44
