# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Scores of a model with other weights against its original self, on a text."""

import math
from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

from seedlm.evaluation._torch import torch
from seedlm.evaluation.baselines import Weights
from seedlm.evaluation.models import Model
from seedlm.evaluation.results import CausalScores, EmbeddingScores
from seedlm.evaluation.texts import Tokens, Window, context_of, lines, windows

Progress = Callable[[int, int], None]

_CAUSAL_TOKENS = 4096


class Judge(Protocol):
    """Scores weights of a model on a text."""

    context: int

    @property
    def tokens(self) -> int:
        """How many tokens are predicted or embedded."""

    def score(
        self, weights: Mapping[str, Weights], progress: Progress
    ) -> CausalScores | EmbeddingScores:
        """Returns the scores of the model with some of its weights replaced."""


def judge_of(
    model: Model, text: str, context: int | None, tokens: int | None, *, rounds: bool = False
) -> Judge:
    """Returns what scores a model on a text.

    Args:
        model: The model.
        text: The text.
        context: The most tokens that the model reads at once; 512 or, if less, what it can.
        tokens: How many tokens of the text are predicted (4096) or embedded (all).
        rounds: Whether what replaced weights are multiplied with is rounded to 8 bits.

    Raises:
        SeedlmError: The text is too short, or the model cannot read as many tokens at once.
    """
    length = context_of(model, context)
    if model.kind == "causal":
        used = _CAUSAL_TOKENS if tokens is None else tokens
        return CausalJudge(model, length, windows(model, text, length, used), rounds=rounds)
    return EmbeddingJudge(model, length, lines(model, text, length, tokens), rounds=rounds)


class CausalJudge:
    """Scores a causal language model; it runs beside the original, window by window."""

    def __init__(self, model: Model, context: int, windows: list[Window], *, rounds: bool) -> None:
        """Takes the model and what it reads, of at most `context` tokens; see `judge_of`."""
        self._model = model
        self._rounds = rounds
        self.context = context
        self._windows = windows

    @property
    def tokens(self) -> int:
        """How many tokens are predicted."""
        return sum(len(window.targets) for window in self._windows)

    def score(self, weights: Mapping[str, Weights], progress: Progress) -> CausalScores:
        """Returns the scores of the model with some of its weights replaced."""
        sums = torch.zeros(3, dtype=torch.float64)
        for index, window in enumerate(self._windows):
            expected = self._log_probabilities(window)
            with self._model.replaced(weights, rounds=self._rounds):
                found = self._log_probabilities(window) if weights else expected
            sums += _sums(expected, found, torch.from_numpy(window.targets))
            progress(index + 1, len(self._windows))
        loss, kl, agreeing = (sums / self.tokens).tolist()
        return CausalScores(math.exp(loss), kl, agreeing)

    def _log_probabilities(self, window: Window) -> torch.Tensor:
        """Returns those of the predictions that count, float32 [targets, vocabulary]."""
        with torch.inference_mode():
            ids = torch.from_numpy(window.inputs)[None]
            logits = self._model.module(input_ids=ids).logits[0]
            return torch.log_softmax(logits[-len(window.targets) :], dim=-1)


def _sums(expected: torch.Tensor, found: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Returns the sums of negative log-likelihood, divergence and agreement, float64 [3]."""
    loss = -found.gather(1, targets[:, None]).double().sum()
    kl = (expected.exp() * (expected - found)).sum(dim=1).double().sum()
    agreeing = (expected.argmax(dim=1) == found.argmax(dim=1)).double().sum()
    return torch.stack([loss, kl, agreeing])


class EmbeddingJudge:
    """Scores a model that embeds texts, by the mean of its last hidden states over the tokens."""

    def __init__(self, model: Model, context: int, lines: list[Tokens], *, rounds: bool) -> None:
        """Takes the model and the tokens of each line, at most `context`; see `judge_of`."""
        self._model = model
        self._rounds = rounds
        self.context = context
        self._lines = lines
        self._expected: Weights | None = None

    @property
    def tokens(self) -> int:
        """How many tokens are embedded."""
        return sum(map(len, self._lines))

    def score(self, weights: Mapping[str, Weights], progress: Progress) -> EmbeddingScores:
        """Returns the scores of the model with some of its weights replaced."""
        if self._expected is None:
            self._expected = self._embed(progress)
        with self._model.replaced(weights, rounds=self._rounds):
            found = self._embed(progress) if weights else self._expected
        return EmbeddingScores(float((self._expected * found).sum(axis=1).mean()))

    def _embed(self, progress: Progress) -> Weights:
        """Returns the normalised embedding of each line, float32 [lines, size]."""
        found = []
        for index, ids in enumerate(self._lines):
            with torch.inference_mode():
                states = self._model.module(input_ids=torch.from_numpy(ids)[None])
                found.append(states.last_hidden_state[0].mean(dim=0))
            progress(index + 1, len(self._lines))
        embeddings = torch.nn.functional.normalize(torch.stack(found))
        return np.asarray(embeddings.numpy())
