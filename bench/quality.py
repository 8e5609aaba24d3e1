# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What storing weights in few bits costs a model in quality.

    python bench/quality.py --models DIR --codes f32 rtn4-g128 paper-4bit paper-3bit --json out.json

DIR is filled by `python test/models/fetch.py --slow DIR`. Each code is applied to every 2-D MatMul
weight of a model, and to nothing else (embeddings, norms and biases stay f32; --head also codes
SmolLM2's tied embedding and head, one row a token). The model is compiled once by stock IREE with
its weights as parameters; a code is measured on a copy of the parameter archive that holds its
decoded weights, in f32. So only the weights differ, not the arithmetic.

Models and scores:
- SmolLM2-135M-Instruct: the 210 linears, 106M weights. They come from a Q4_1 GGUF, so "f32" is that
  model and not the one that was trained. Text: the first 4097 tokens of lee.txt, with no token
  put before. Window i (0 to 7) is tokens 512 i .. 512 i + 511, run on its own; each of its 512
  positions predicts the token after it, the last one the first token of the next window. Over the
  4096 positions: perplexity = exp(mean negative log-likelihood); KL = mean of KL(f32 || code) of
  the predicted distributions, in nats; top-1 = share of positions where the most likely token is
  that of f32.
- MiniLM-L3: the 18 linears, 5.3M weights. Text: the 300 documents of lee.txt, each cut to 128
  word pieces and run on its own. Cosine = mean cosine between the sentence embeddings of the code
  and of f32.

Codes:
- f32: the weights as they are.
- rtn4-g128: round to nearest, symmetric, levels -8 .. 7 times an f16 scale for each group of 128
  inputs of an output (the last group of a row is shorter where 128 does not divide it). The weight
  of largest magnitude m is on the side of level -8; the scale is the best of m/8 times 0.5, 0.525,
  .. 1.15 by squared error. Bits: 4 + 16 a group, that is 4.125 where 128 divides a row.
- paper-4bit, paper-3bit and any other preset of seedlm.codec. Bits: the records with their padding,
  and the scale.

"bits" is stored bits a coded weight; "error" is the Frobenius norm of the error of all coded
weights over that of the weights. Compiled models and archives of decoded weights (540 MB a code)
stay in the folder --work, DIR/quality by default, and are used again, so that encoding, minutes a
code, runs once; delete it after a change to an encoder. Needs 4 GB of memory.
"""

import argparse
import datetime
import importlib.metadata
import json
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from coded_model import CODES, Coding, Session, Weights, code_model, compile_model

from seedlm.errors import SeedlmError

Tokens = npt.NDArray[np.int64]

_CONTEXT = 512
_WINDOWS = 8
_HEADER = (
    "| code | bits | error | perplexity | KL (nats) | top-1 | MiniLM bits | error | cosine |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|\n"
)


@dataclass(frozen=True)
class LanguageScores:
    """Scores of a language model against its f32 self; see the module's docstring."""

    perplexity: float
    kl: float
    top1: float


def log_probabilities(session: Session, tokens: Tokens) -> Iterator[Weights]:
    """Log-probabilities f32 [context, vocabulary] of each window of `tokens`."""
    for start in range(0, _WINDOWS * _CONTEXT, _CONTEXT):
        logits = session(tokens[None, start : start + _CONTEXT])[0][0].astype(np.float32)
        logits -= logits.max(1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(1, keepdims=True))
        yield logits


def score_language(
    session: Session, reference: Sequence[Weights], tokens: Tokens
) -> LanguageScores:
    """Scores `session` on `tokens` against the log-probabilities `reference` of f32."""
    targets = tokens[1 : _WINDOWS * _CONTEXT + 1].reshape(_WINDOWS, _CONTEXT, 1)
    scores = [
        (
            -np.take_along_axis(found, target, 1).mean(dtype=np.float64),
            (np.exp(wanted) * (wanted - found)).sum(1).mean(dtype=np.float64),
            (found.argmax(1) == wanted.argmax(1)).mean(),
        )
        for found, wanted, target in zip(
            log_probabilities(session, tokens), reference, targets, strict=True
        )
    ]
    loss, kl, top1 = (float(value) for value in np.mean(scores, axis=0))
    return LanguageScores(float(np.exp(loss)), kl, top1)


def embed(session: Session, documents: Tokens) -> Weights:
    """Unit sentence embeddings f32 [documents, 384] of word pieces i64 [documents, 128]."""
    pieces = [document[None, document > 0] for document in documents]
    found = np.concatenate([session(row, np.ones_like(row))[3] for row in pieces])
    embeddings: Weights = found / np.linalg.norm(found, axis=1, keepdims=True)
    return embeddings


def measure(models: Path, codes: Sequence[str], work: Path, head: bool) -> list[dict[str, Any]]:
    """Measures each code; a row of the report each."""
    tokens = np.load(models / "lee-tokens.npy").astype(np.int64)
    wordpieces = np.load(models / "lee-wordpieces.npy").astype(np.int64)
    language = compile_model(models / "smollm2.onnx", work, head)
    sentences = compile_model(models / "minilm-l3.onnx", work, head=False)
    expected = list(log_probabilities(Session(language, language.archive), tokens))
    embeddings = embed(Session(sentences, sentences.archive), wordpieces)
    rows = []
    for code in codes:
        smollm2, minilm = code_model(language, code, work), code_model(sentences, code, work)
        scores = score_language(Session(language, smollm2.archive), expected, tokens)
        found = embed(Session(sentences, minilm.archive), wordpieces)
        cosine = float((found * embeddings).sum(1).mean())
        rows.append(
            {
                "code": code,
                "smollm2": _summary(smollm2) | asdict(scores),
                "minilm": _summary(minilm) | {"cosine": cosine},
            }
        )
    return rows


def _summary(coding: Coding) -> dict[str, float]:
    return {
        "bits_per_weight": coding.bits_per_weight,
        "relative_error": coding.relative_error,
    }


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows of `measure` as a Markdown table."""
    return _HEADER + "".join(_line(row["code"], row["smollm2"], row["minilm"]) for row in rows)


def _line(code: str, smollm2: dict[str, float], minilm: dict[str, float]) -> str:
    return (
        f"| {code} | {smollm2['bits_per_weight']:.3f} | {smollm2['relative_error']:.4f} "
        f"| {smollm2['perplexity']:.2f} | {smollm2['kl']:.4f} | {100 * smollm2['top1']:.1f} % "
        f"| {minilm['bits_per_weight']:.3f} | {minilm['relative_error']:.4f} "
        f"| {minilm['cosine']:.4f} |\n"
    )


def _circumstances(head: bool) -> dict[str, Any]:
    names = ("seedlm", "iree-base-compiler", "iree-base-runtime", "numpy")
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": f"{platform.machine()}, {platform.system()}",
        "versions": {name: importlib.metadata.version(name) for name in names},
        "head": head,
    }


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure what codes cost in quality.")
    parser.add_argument("--models", type=Path, required=True, help="folder made by fetch.py --slow")
    parser.add_argument("--codes", nargs="+", choices=CODES, default=CODES, help="what to measure")
    parser.add_argument("--head", action="store_true", help="also code the tied embedding and head")
    parser.add_argument("--work", type=Path, help="folder for what is kept (DIR/quality)")
    parser.add_argument("--json", type=Path, help="file for the figures")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit status."""
    options = _parse(arguments)
    work = options.work or options.models / "quality"
    work.mkdir(parents=True, exist_ok=True)
    try:
        rows = measure(options.models, options.codes, work, options.head)
    except (SeedlmError, OSError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    sys.stdout.write(table(rows))
    if options.json:
        report = _circumstances(options.head) | {"results": rows}
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
