# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiled models compute what the same models do with decoded weights, for each kind of layer."""

from collections.abc import Callable
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import pytest
from judge import CODES, assert_equal, decoded_model, run_stock
from small_models import (
    SmallModel,
    also_elementwise_model,
    cast_weight_model,
    constant_node_model,
    conv_model,
    einsum_model,
    embedding_model,
    gemm_model,
    left_weight_model,
    matmul_model,
    save_model,
    tied_model,
    two_layer_model,
    used_twice_model,
    vector_matrix_model,
)

import seedlm
from seedlm.compiler.pipeline import CompileOptions
from seedlm.compiler.report import Report
from seedlm.passes.weight_plan import Selection

MODELS: dict[str, Callable[[], SmallModel]] = {
    "static batch": matmul_model,
    "one row": lambda: matmul_model(batch=(1,)),
    "dynamic batch": lambda: matmul_model(batch=("batch",), sizes=(7,)),
    "3-D batch": lambda: matmul_model(batch=(2, 5)),
    "dynamic 3-D batch": lambda: matmul_model(batch=("batch", "seq"), sizes=(2, 5)),
    "odd columns": lambda: matmul_model(k=77, n=61),
    "columns less than a block": lambda: matmul_model(k=5, n=1000),
    "Gemm": lambda: gemm_model(0, 0),
    "Gemm transA": lambda: gemm_model(1, 0),
    "Gemm transB": lambda: gemm_model(0, 1),
    "Gemm transA transB": lambda: gemm_model(1, 1),
    "Gemm alpha beta": lambda: gemm_model(0, 1, alpha=0.5, beta=2.0),
    "vector @ W": vector_matrix_model,
    "W @ vector": left_weight_model,
    "W @ X": lambda: left_weight_model(5),
    "Conv": lambda: conv_model((3, 3)),
    "Conv strides pads": lambda: conv_model((3, 3), strides=[2, 2], pads=[1, 1, 1, 1]),
    "Conv dilations": lambda: conv_model((3, 3), dilations=[2, 2]),
    "Conv 1x1": lambda: conv_model((1, 1), channels=64, filters=96),
    "Conv 1-D": lambda: conv_model((3,), channels=32, filters=48),
    "Conv 3-D": lambda: conv_model((3, 3, 3), channels=8, filters=32),
    "tied embedding": lambda: tied_model(embeddings=False),
    "tied embedding, both compressed": lambda: tied_model(embeddings=True),
    "embedding": lambda: embedding_model(embeddings=True),
    "two layers": two_layer_model,
    "used twice": used_twice_model,
    "used as a matrix and element by element": also_elementwise_model,
    "Constant node": constant_node_model,
    "Einsum": einsum_model,
    "float16": lambda: matmul_model(dtype=np.float16, tolerance=2e-3),
    "bfloat16": lambda: matmul_model(dtype=ml_dtypes.bfloat16, tolerance=2e-2),
    "float16 weight, float32 sums": cast_weight_model,
}

# The forms in which the bits matter: rows that end within a block or a group, and each lowering.
MODELS_OF_3_BITS = (
    "static batch",
    "dynamic 3-D batch",
    "odd columns",
    "columns less than a block",
    "W @ X",
    "Conv strides pads",
    "tied embedding, both compressed",
    "embedding",
    "two layers",
    "float16",
)
CASES = [*((name, 4) for name in MODELS), *((name, 3) for name in MODELS_OF_3_BITS)]


def compile_model(path: Path, output: Path, model: SmallModel, bits: int) -> Report:
    selection = Selection(embeddings=model.embeddings)
    return seedlm.compile(
        path, output, CompileOptions(code=CODES[bits], selection=selection, activations="f32")
    )


@pytest.mark.parametrize(("name", "bits"), CASES)
def test_equals_decoded_weights(name: str, bits: int, tmp_path: Path) -> None:
    model = MODELS[name]()
    report = compile_model(
        save_model(model, tmp_path / "model.onnx"), tmp_path / "model.vmfb", model, bits
    )
    assert {tensor.name for tensor in report.compressed} == set(model.columns)
    reference = tmp_path / "decoded.onnx"
    onnx.save(decoded_model(model.split or model.proto, model.columns, CODES[bits]), reference)
    expected = run_stock(reference, model.inputs, tmp_path)
    assert_equal(seedlm.load(tmp_path / "model.vmfb")(*model.inputs), expected, model.tolerance)
