# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Statistics of activations against those of hooks in PyTorch."""

import numpy as np
import pytest
import torch
from tiny_models import mean_squares, words

from seedlm.codec import Statistics, WeightStatistics, decode, encode, preset
from seedlm.errors import SeedlmError
from seedlm.evaluation.calibration import importances, measure
from seedlm.evaluation.formats import Search, parse_formats
from seedlm.evaluation.models import Model, load_model
from seedlm.evaluation.storing import store_model
from seedlm.evaluation.texts import lines, windows


@pytest.mark.parametrize("kind", ["causal", "embedding"])
def test_statistics_are_those_of_hooks(kind: str, request: pytest.FixtureRequest) -> None:
    model: Model = load_model(request.getfixturevalue(kind))
    text = words(80) + "\nw1 w2"
    if kind == "causal":
        # The last window is not whole.
        samples = [each.inputs for each in windows(model, text, 32, 70)][:-1]
    else:
        samples = lines(model, text, 32, 70)
    with torch.no_grad(), mean_squares(model.module) as expected:
        for ids in samples:
            model.module(input_ids=torch.from_numpy(ids)[None])
    seen: list[tuple[int, int]] = []
    found = measure(model, text, 32, 70, lambda *each: seen.append(each))
    assert found.weights.keys() == expected.keys()
    for name, each in expected.items():
        np.testing.assert_allclose(found.weights[name].mean_squares, each, 1e-5)
    assert seen == [(i + 1, len(samples)) for i in range(len(samples))]


def statistics(**sizes: int) -> Statistics:
    return Statistics(
        {
            name: WeightStatistics((4, size), np.arange(1, size + 1, dtype=np.float32), 1)
            for name, size in sizes.items()
        },
        1,
    )


def test_wrong_statistics() -> None:
    weights = {"a": np.ones((4, 8), np.float32)}
    assert list(importances(statistics(a=8, b=3), weights)) == ["a"]
    with pytest.raises(SeedlmError, match="calibration: no statistics of 'a'"):
        importances(statistics(b=8), weights)
    with pytest.raises(SeedlmError, match="statistics of 'a' are of 7 inputs, not 8"):
        importances(statistics(a=7), weights)


def test_importances_are_those_of_the_weight() -> None:
    weights = {name: np.random.default_rng(0).standard_normal((4, 16)) for name in ("a", "b")}
    measured = statistics(a=16, b=16)
    measured.weights["b"].mean_squares[::2] = 0
    formats = parse_formats(["paper-4bit+aa", "paper-4bit"])
    aware, plain = (
        store_model(weights, each, Search("exhaustive"), importances(measured, weights), ignored)
        for each in formats
    )
    for name, array in weights.items():
        code, importance = preset("paper-4bit"), measured.weights[name].mean_squares
        encoded = encode(array, code, mode="exhaustive", importance=importance)
        np.testing.assert_array_equal(aware.weights[name], decode(encoded))
        encoded = encode(array, code, mode="exhaustive")
        np.testing.assert_array_equal(plain.weights[name], decode(encoded))
    assert (aware.weights["a"] != aware.weights["b"]).any()


def ignored(*_: object) -> None:
    """Progress that nobody looks at."""
