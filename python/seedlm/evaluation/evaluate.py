# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The quality of a model in one format after another."""

import hashlib
import logging
from dataclasses import dataclass, field
from functools import partial

from seedlm.codec import Statistics
from seedlm.evaluation._torch import torch
from seedlm.evaluation.calibration import importances
from seedlm.evaluation.formats import Format, Search
from seedlm.evaluation.models import Model, select
from seedlm.evaluation.results import ORIGINAL, Evaluation, Result
from seedlm.evaluation.scores import Judge, judge_of
from seedlm.evaluation.storing import Progress, StoredModel, store_model

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """What is evaluated and how.

    Attributes:
        formats: The formats.
        context: The most tokens that the model reads at once; None for 512 or, if less, what it
            can.
        tokens: How many tokens of the text are predicted or embedded; None for 4096 or all.
        include: Glob patterns of weights' names; see `seedlm.evaluation.models.select`.
        exclude: Glob patterns of weights that are left out.
        search: How codes are searched.
        statistics: How large the inputs of weights are, for activation-aware formats.
        activations: What weights are multiplied with: "f32", or rounded to 8 bits, "int8".
    """

    formats: tuple[Format, ...]
    context: int | None = None
    tokens: int | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    search: Search = field(default_factory=Search)
    statistics: Statistics | None = None
    activations: str = "f32"


def evaluate(model: Model, text: str, options: Options, progress: Progress) -> Evaluation:
    """Evaluates a model on a text: the original, then each format.

    Args:
        model: The model.
        text: The text to evaluate on.
        options: The formats and more.
        progress: Called with what is being done, and how much of it is done and in all.

    Raises:
        SeedlmError: The text or an option is invalid, or a weight cannot be put into a format.
    """
    if options.search.threads is not None:
        torch.set_num_threads(options.search.threads)
    names = select(model, options.include, options.exclude)
    originals = {name: model.weights(name) for name in names}
    inputs = importances(options.statistics, originals) if options.statistics else {}
    rounds = options.activations == "int8"
    judge = judge_of(model, text, options.context, options.tokens, rounds=rounds)
    scores = judge.score({}, partial(progress, ORIGINAL))
    results = [Result(ORIGINAL, None, 0.0, 0.0, scores, ())]
    for format_ in options.formats:
        stored = store_model(
            originals, format_, options.search, inputs, _titled(format_.name, progress)
        )
        results.append(_result(format_, stored, judge, progress))
        _LOGGER.info("%s: %s", format_.name, results[-1].scores)
    return Evaluation(
        model=model.path.resolve().name,
        kind=model.kind,
        text_sha256=hashlib.sha256(text.encode()).hexdigest(),
        search=options.search.mode,
        activations=options.activations,
        context=judge.context,
        tokens=judge.tokens,
        results=tuple(results),
    )


def _titled(title: str, progress: Progress) -> Progress:
    return lambda name, done, total: progress(f"{title}: {name}", done, total)


def _result(format_: Format, stored: StoredModel, judge: Judge, progress: Progress) -> Result:
    scores = judge.score(stored.weights, partial(progress, f"{format_.name}: text"))
    return Result(
        format=format_.name,
        bits_per_weight=stored.bits_per_weight,
        relative_error=stored.relative_error,
        encode_seconds=stored.seconds,
        scores=scores,
        tensors=stored.tensors,
    )
