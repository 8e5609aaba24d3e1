# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Windows, lines and scores, against the same by NumPy on whole outputs."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from tiny_models import save_causal, words

from seedlm.errors import SeedlmError
from seedlm.evaluation.evaluate import Options, evaluate
from seedlm.evaluation.formats import parse_formats
from seedlm.evaluation.models import Model, load_model
from seedlm.evaluation.results import CausalScores, EmbeddingScores, Evaluation
from seedlm.evaluation.scores import judge_of
from seedlm.evaluation.texts import lines, windows

Array = npt.NDArray[np.float32]


def ignored(*_: object) -> None:
    """Progress that nobody looks at."""


def noisy(model: Model) -> dict[str, Array]:
    generator = np.random.default_rng(0)
    return {
        name: model.weights(name)
        + 0.05 * generator.standard_normal(model.weights(name).shape).astype(np.float32)
        for name in model.linears
    }


def log_probabilities(
    model: Model, ids: npt.NDArray[np.int64], weights: Mapping[str, Array]
) -> npt.NDArray[np.float64]:
    with model.replaced(weights), torch.no_grad():
        logits = model.module(input_ids=torch.from_numpy(ids)[None]).logits[0].double().numpy()
    return np.asarray(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)))


def ids_of(model: Model, text: str) -> npt.NDArray[np.int64]:
    return np.array(model.tokenizer(text, add_special_tokens=False).input_ids)


def test_windows_follow_each_other(causal: Path) -> None:
    model, text = load_model(causal), words(100)
    ids = ids_of(model, text)
    found = windows(model, text, 32, 80)
    assert [len(each.inputs) for each in found] == [32, 32, 16]
    np.testing.assert_array_equal(np.concatenate([each.inputs for each in found]), ids[:80])
    np.testing.assert_array_equal(np.concatenate([each.targets for each in found]), ids[1:81])
    assert sum(len(each.targets) for each in windows(model, text, 64, 4096)) == 99


def test_windows_start_as_the_tokenizer_does(tmp_path: Path) -> None:
    model, text = load_model(save_causal(tmp_path, first=True)), words(40)
    ids = ids_of(model, text)
    first, second = windows(model, text, 17, 32)
    assert model.tokenizer.bos_token_id == first.inputs[0] == second.inputs[0] == 2
    np.testing.assert_array_equal(first.inputs[1:], ids[:16])
    np.testing.assert_array_equal(second.targets, ids[17:33])


def test_lines_have_special_tokens_and_are_cut(embedding: Path) -> None:
    model = load_model(embedding)
    found = lines(model, "w1 w2\n\n  \nw3 w4 w5 w6\nw7", 4, None)
    assert [each.tolist() for each in found] == [[2, 5, 6, 3], [2, 7, 8, 3], [2, 11, 3]]
    assert len(lines(model, "w1 w2\nw3 w4\nw5", 8, 8)) == 2
    assert len(lines(model, "w1 w2\nw3 w4\nw5", 8, 1)) == 1


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_texts_without_words(text: str, causal: Path, embedding: Path) -> None:
    with pytest.raises(SeedlmError, match="the text has fewer than two tokens"):
        judge_of(load_model(causal), text, None, None)
    with pytest.raises(SeedlmError, match="the text has no lines"):
        judge_of(load_model(embedding), text, None, None)


@pytest.mark.parametrize("context", [1, 65])
def test_context_that_the_model_has_not(context: int, causal: Path) -> None:
    with pytest.raises(SeedlmError, match=rf"context {context} is not in 2\.\.64"):
        judge_of(load_model(causal), words(9), context, None)


@pytest.mark.parametrize("first", [False, True])
def test_causal_scores(first: bool, tmp_path: Path) -> None:
    model, text = load_model(save_causal(tmp_path, first=first)), words(100)
    judge = judge_of(model, text, 32, 90)
    weights = noisy(model)
    loss = kl = agreeing = 0.0
    for window in windows(model, text, 32, 90):
        p, q = (log_probabilities(model, window.inputs, each)[first:] for each in ({}, weights))
        loss -= q[np.arange(len(q)), window.targets].sum()
        kl += (np.exp(p) * (p - q)).sum()
        agreeing += (p.argmax(axis=1) == q.argmax(axis=1)).sum()
    found = judge.score(weights, ignored)
    assert isinstance(found, CausalScores)
    assert judge.tokens == 90
    assert 0.1 < found.top1 < 0.99
    assert found.perplexity == pytest.approx(np.exp(loss / 90), 1e-5)
    assert found.kl == pytest.approx(kl / 90, 1e-4)
    assert found.top1 == pytest.approx(agreeing / 90)


def test_embedding_scores(embedding: Path) -> None:
    model = load_model(embedding)
    weights = noisy(model)
    cosines = []
    for ids in lines(model, words(50), 64, None):
        a, b = (mean_state(model, ids, each) for each in ({}, weights))
        cosines.append(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    judge = judge_of(model, words(50), None, None)
    found = judge.score(weights, ignored)
    assert isinstance(found, EmbeddingScores)
    assert judge.tokens == 50 + 2 * 7
    assert found.cosine == pytest.approx(np.mean(cosines), 1e-5)
    assert found.cosine < 0.999


def mean_state(
    model: Model, ids: npt.NDArray[np.int64], weights: Mapping[str, Array]
) -> npt.NDArray[np.float64]:
    with model.replaced(weights), torch.no_grad():
        states = model.module(input_ids=torch.from_numpy(ids)[None]).last_hidden_state[0]
    return np.asarray(states.double().numpy().mean(axis=0))


def make_int4(model: Model) -> None:
    """Makes all weights of linear layers such that rtn4-g32 keeps them."""
    generator = np.random.default_rng(0)
    for layer in model.linears.values():
        levels = generator.integers(-8, 8, layer.weight.shape)
        levels[:, ::32] = -8
        layer.weight.data = torch.from_numpy(levels / 64).float()


def evaluated(model: Model, *formats: str, **options: int) -> Evaluation:
    return evaluate(model, words(60), Options(parse_formats(formats), **options), ignored)


def test_a_lossless_format_loses_nothing_and_another_something(causal: Path) -> None:
    model = load_model(causal)
    make_int4(model)
    original, lossless, lossy = evaluated(model, "rtn4-g32", "mxfp4", context=32).results
    assert isinstance(original.scores, CausalScores)
    assert (original.scores.kl, original.scores.top1) == (0, 1)
    assert lossless.scores == original.scores
    assert (lossless.relative_error, lossless.bits_per_weight) == (0, 4.5)
    assert isinstance(lossy.scores, CausalScores)
    assert lossy.scores.kl > 1e-4
    assert lossy.relative_error > 0.01


def test_a_lossless_format_of_an_embedding_model(embedding: Path) -> None:
    model = load_model(embedding)
    make_int4(model)
    evaluation = evaluated(model, "rtn4-g32", "mxfp4", tokens=40)
    lossless, lossy = (each.scores for each in evaluation.results[1:])
    assert isinstance(lossless, EmbeddingScores)
    assert isinstance(lossy, EmbeddingScores)
    assert lossless.cosine == pytest.approx(1, abs=1e-6)
    assert lossy.cosine < 0.9999
    assert evaluation.tokens <= 40
    assert evaluation.context == 64
