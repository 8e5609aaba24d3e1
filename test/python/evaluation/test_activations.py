# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from pathlib import Path

import numpy as np
import torch
from tiny_models import words

from seedlm.evaluation.activations import round_to_8_bits
from seedlm.evaluation.models import load_model
from seedlm.evaluation.results import CausalScores
from seedlm.evaluation.scores import judge_of


def test_multiples_of_a_scale_for_each_8() -> None:
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((5, 3, 21)).astype(np.float32))
    x[0, 0, :8] = 0
    rounded = round_to_8_bits(x)
    assert rounded.shape == x.shape
    assert not rounded[0, 0, :8].any()
    for start in (0, 8, 16):
        block, found = (each[1, 1, start : start + 8].numpy() for each in (x, rounded))
        scale = max(np.abs(block).max() / 127, np.abs(block).sum() / 248)
        integers = found / scale
        np.testing.assert_allclose(integers, np.rint(block / scale), atol=1e-4)
        assert np.abs(np.rint(integers)).sum() <= 255


def test_only_inputs_of_replaced_weights_are_rounded(causal: Path) -> None:
    model, text = load_model(causal), words(60)
    weights = {name: model.weights(name) for name in list(model.linears)[:2]}
    scores = [
        judge_of(model, text, 32, 50, rounds=rounds).score(some, lambda *call: None)
        for rounds, some in ((False, weights), (True, {}), (True, weights))
    ]
    assert all(isinstance(each, CausalScores) for each in scores)
    assert scores[0] == scores[1]
    assert scores[1] != scores[2]
    assert 0 < scores[2].kl < 1e-3
    assert not any(linear._forward_pre_hooks for linear in model.linears.values())
