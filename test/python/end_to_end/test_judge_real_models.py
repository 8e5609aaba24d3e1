# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Real models compute what they do with decoded weights."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import judge
import numpy as np
import numpy.typing as npt
import onnx
import pytest
from catalog import model_path
from judge import CODES, assert_equal, decoded_model, run_stock
from small_models import weights_of

import seedlm
from seedlm.codec import Code, Encoded, encode
from seedlm.compiler.pipeline import CompileOptions
from seedlm.compiler.report import Report
from seedlm.passes import compress_constants

Array = npt.NDArray[Any]

# Of i.i.d. Gaussian weights; real weights in one scale come close to it or below.
LARGEST_ERROR = {4: 0.13, 3: 0.24}


@pytest.fixture(autouse=True)
def _encode_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the judge take the codes of a matrix that was just encoded: that is what takes time."""
    known: dict[str, Encoded] = {}

    def shared(weights: Array, code: Code, **options: Any) -> Encoded:
        content = np.ascontiguousarray(weights[:, :]).view(np.uint8)
        key = f"{hashlib.sha256(content).hexdigest()} {weights.shape} {weights.dtype} {code}"
        if key not in known:
            known[key] = encode(weights, code, **options)
        return known[key]

    monkeypatch.setattr(compress_constants, "encode", shared)
    monkeypatch.setattr(judge, "encode", shared)


def columns_of(report: Report) -> dict[str, tuple[int, ...]]:
    """The columns of linear layers [in, out] and convolutions [out, in, ..], by name."""
    return {
        tensor.name: (0,) if tensor.use == "contraction" else tuple(range(1, len(tensor.shape)))
        for tensor in report.compressed
    }


def with_plain_names(model: onnx.ModelProto) -> onnx.ModelProto:
    """Renames weights as IREE's importer does, which takes no ':'."""
    for node in model.graph.node:
        for i, name in enumerate(node.input):
            node.input[i] = name.replace(":", "_")
        for i, name in enumerate(node.output):
            node.output[i] = name.replace(":", "_")
    for value in (*model.graph.initializer, *model.graph.output):
        value.name = value.name.replace(":", "_")
    return model


def assert_model_equals_decoded(
    name: str, bits: int, inputs: Sequence[Array], work: Path
) -> tuple[Report, tuple[Array, ...]]:
    path = model_path(name)
    report = seedlm.compile(
        path, work / "model.vmfb", CompileOptions(code=CODES[bits], activations="f32")
    )
    original = with_plain_names(onnx.load(path))
    assert {tensor.name for tensor in report.compressed} <= set(weights_of(original))
    reference = work / "decoded.onnx"
    onnx.save(decoded_model(original, columns_of(report), CODES[bits]), reference)
    actual = seedlm.load(work / "model.vmfb")(*inputs)
    assert_equal(actual, run_stock(reference, inputs, work), 1e-4)
    assert all((tensor.relative_error or 1) < LARGEST_ERROR[bits] for tensor in report.compressed)
    return report, actual


@pytest.mark.parametrize("bits", CODES)
def test_minilm(bits: int, tmp_path: Path) -> None:
    wordpieces = np.load(model_path("lee-wordpieces.npy"))[:1, :24].astype(np.int64)
    inputs = [wordpieces, (wordpieces != 0).astype(np.int64)]
    report, _ = assert_model_equals_decoded("minilm-l3.onnx", bits, inputs, tmp_path)
    assert len(report.compressed) == 18  # 3 layers of 6 linear layers


def test_ocr(tmp_path: Path) -> None:
    image = np.random.default_rng(0).uniform(-1, 1, (1, 3, 48, 320)).astype(np.float32)
    report, (probabilities,) = assert_model_equals_decoded("ocr-rec.onnx", 4, [image], tmp_path)
    np.testing.assert_allclose(probabilities.sum(-1), 1, rtol=1e-4)
    depthwise = [tensor for tensor in report.tensors if tensor.shape[1:] == [1, 5, 5]]
    assert depthwise
    assert {tensor.reason for tensor in depthwise} == {"depthwise convolution"}
