# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Formats by name, and matrices in them."""

import numpy as np
import pytest

from seedlm.codec import decode, encode, preset
from seedlm.errors import SeedlmError
from seedlm.evaluation.formats import FORMATS, Format, Search, parse_formats, store
from seedlm.evaluation.storing import store_model

WEIGHTS = np.random.default_rng(0).standard_normal((4, 50)).astype(np.float32)


def test_lists_are_joined() -> None:
    found = parse_formats(["paper-4bit, mxfp4", "seed-3bit+aa"])
    assert found == (Format("paper-4bit"), Format("mxfp4"), Format("seed-3bit", True))
    assert [each.name for each in found] == ["paper-4bit", "mxfp4", "seed-3bit+aa"]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_its_name(name: str) -> None:
    assert parse_formats([name]) == (Format(name),)


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ([], "no format given"),
        ([" ,", ""], "no format given"),
        (["paper-5bit"], "unknown format 'paper-5bit', not one of paper-4bit, "),
        (["paper-4bit+ab"], r"unknown format 'paper-4bit\+ab'"),
        (["mxfp4,paper-4bit", "mxfp4"], "format 'mxfp4' is given twice"),
        (["rtn4-g32+aa"], r"'rtn4-g32\+aa': rtn4-g32 takes no account of activations"),
    ],
)
def test_wrong_names(texts: list[str], says: str) -> None:
    with pytest.raises(SeedlmError, match=says):
        parse_formats(texts)


@pytest.mark.parametrize("name", ["paper-4bit", "seed-4bit"])
def test_a_code_is_the_codecs(name: str) -> None:
    found = store(WEIGHTS, Format(name), Search("fast", threads=1))
    encoded = encode(WEIGHTS, preset(name))
    np.testing.assert_array_equal(found.weights, decode(encoded))
    assert found.bits == encoded.bits
    assert found.seconds > 0


def test_importance_and_mode_are_passed_on() -> None:
    importance = np.linspace(0.1, 10, 50, dtype=np.float32)
    search = Search("exhaustive", threads=1)
    found = store(WEIGHTS, Format("paper-4bit", True), search, importance)
    encoded = encode(WEIGHTS, preset("paper-4bit"), mode="exhaustive", importance=importance)
    np.testing.assert_array_equal(found.weights, decode(encoded))
    plain = store(WEIGHTS, Format("paper-4bit"), search, None)
    assert (found.weights != plain.weights).any()


@pytest.mark.parametrize("name", ["mxfp4", "paper-4bit"])
def test_wrong_weights_are_named(name: str) -> None:
    weights = {"fine": WEIGHTS, "broken": np.full((2, 8), np.nan, np.float32)}
    with pytest.raises(SeedlmError, match=r"^tensor 'broken': weights\[0, 0\] is nan"):
        store_model(weights, Format(name), Search(), {}, lambda *_: None)


def test_a_model_in_a_format() -> None:
    seen: list[tuple[str, int, int]] = []
    weights = {"a": WEIGHTS, "zeros": np.zeros((2, 32), np.float32)}
    found = store_model(weights, Format("rtn4-g32"), Search(), {}, lambda *each: seen.append(each))
    a, zeros = found.tensors
    error = np.linalg.norm(found.weights["a"] - WEIGHTS) / np.linalg.norm(WEIGHTS)
    assert (a.name, a.shape, a.bits_per_weight) == ("a", (4, 50), (25 * 8 + 2 * 16) / 50)
    assert a.relative_error == pytest.approx(error)
    assert (zeros.relative_error, zeros.bits_per_weight) == (0, 4.5)
    assert found.relative_error == pytest.approx(error)
    assert found.bits_per_weight == (4 * (25 * 8 + 2 * 16) + 64 * 4.5) / 264
    assert seen == [("a", 200, 264), ("zeros", 264, 264)]
