# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""An evaluation as a table of texts."""

from seedlm.evaluation.results import CausalScores, EmbeddingScores, Evaluation, Result

_HEADERS = {
    "causal": ("perplexity", "KL (nats)", "top-1"),
    "embedding": ("cosine",),
}


def evaluation_table(evaluation: Evaluation) -> list[tuple[str, ...]]:
    """Returns the header and one row for each format, the original first."""
    header = ("format", "bits", "error", *_HEADERS[evaluation.kind], "encode (s)")
    return [header, *(_row(result) for result in evaluation.results)]


def _row(result: Result) -> tuple[str, ...]:
    if result.bits_per_weight is None:
        return (result.format, "", "", *_scores(result.scores), "")
    size = (f"{result.bits_per_weight:.3f}", f"{result.relative_error:.4f}")
    return (result.format, *size, *_scores(result.scores), f"{result.encode_seconds:.1f}")


def _scores(scores: CausalScores | EmbeddingScores) -> tuple[str, ...]:
    if isinstance(scores, EmbeddingScores):
        return (f"{scores.cosine:.4f}",)
    return (f"{scores.perplexity:.2f}", f"{scores.kl:.4f}", f"{100 * scores.top1:.1f} %")
