# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What an evaluation found."""

from dataclasses import dataclass

ORIGINAL = "original"


@dataclass(frozen=True)
class CausalScores:
    """Scores of a causal language model, means over all predicted tokens.

    Attributes:
        perplexity: exp of the mean negative log-likelihood of the text.
        kl: KL(original || model) of the predicted distributions, in nats.
        top1: Share of tokens for which the likeliest prediction is the original's.
    """

    perplexity: float
    kl: float
    top1: float


@dataclass(frozen=True)
class EmbeddingScores:
    """Scores of a model that embeds texts.

    Attributes:
        cosine: Mean cosine of a line's embedding to the original's.
    """

    cosine: float


@dataclass(frozen=True)
class TensorResult:
    """A weight in a format.

    Attributes:
        name: Its name in the model.
        shape: Outputs and inputs.
        bits_per_weight: Bits stored for each of its elements, with padding and scales.
        relative_error: Frobenius norm of the error over that of the weight; 0 if all are zero.
    """

    name: str
    shape: tuple[int, ...]
    bits_per_weight: float
    relative_error: float


@dataclass(frozen=True)
class Result:
    """A model in a format.

    Attributes:
        format: The name of the format, or "original".
        bits_per_weight: Bits stored for each weight in the format; None of the original.
        relative_error: Frobenius norm of the error of all these weights over theirs.
        encode_seconds: How long it took to put them into the format.
        scores: Against the original.
        tensors: The weights in the format, in the order of the model.
    """

    format: str
    bits_per_weight: float | None
    relative_error: float
    encode_seconds: float
    scores: CausalScores | EmbeddingScores
    tensors: tuple[TensorResult, ...]


@dataclass(frozen=True)
class Evaluation:
    """A model in several formats.

    Attributes:
        model: The name of the model's folder or file.
        kind: "causal" or "embedding".
        text_sha256: Of the text, hexadecimal.
        search: How codes were searched.
        activations: What weights of formats were multiplied with: "f32", or "int8" if rounded.
        context: The most tokens that the model read at once.
        tokens: How many tokens were predicted or embedded.
        results: The original first, then the formats as they were given.
    """

    model: str
    kind: str
    text_sha256: str
    search: str
    activations: str
    context: int
    tokens: int
    results: tuple[Result, ...]
