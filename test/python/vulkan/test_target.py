# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""IREE computes the types of models correctly for the portable Vulkan target.

It does not for its own default target, nor for GPUs that it knows by name when run on another; the
tests of the same operations are what the choice rests on.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from iree.compiler import ir

import seedlm
from seedlm.compiler.ir.context import make_context, write_module
from seedlm.compiler.iree import run_iree_compile
from seedlm.compiler.targets import Target
from seedlm.compiler.vulkan_target import set_portable_target

Array = npt.NDArray[Any]

OPERATIONS = """
func.func @add_f16(%a: tensor<63xf16>, %b: tensor<63xf16>) -> tensor<63xf16> {
  %y = arith.addf %a, %b : tensor<63xf16>
  return %y : tensor<63xf16>
}
func.func @exp_f16(%a: tensor<63xf16>) -> tensor<63xf16> {
  %y = math.exp %a : tensor<63xf16>
  return %y : tensor<63xf16>
}
func.func @shift_i8(%a: tensor<63xi8>) -> tensor<63xi8> {
  %bits = arith.constant dense<3> : tensor<63xi8>
  %y = arith.shrui %a, %bits : tensor<63xi8>
  return %y : tensor<63xi8>
}
func.func @shift_i16(%a: tensor<63xi16>) -> tensor<63xi16> {
  %bits = arith.constant dense<3> : tensor<63xi16>
  %y = arith.shrui %a, %bits : tensor<63xi16>
  return %y : tensor<63xi16>
}
func.func @multiply_i64(%a: tensor<63xi64>) -> tensor<63xi64> {
  %y = arith.muli %a, %a : tensor<63xi64>
  return %y : tensor<63xi64>
}
func.func @less(%a: tensor<63xf32>, %b: tensor<63xf32>) -> tensor<63xi1> {
  %y = arith.cmpf olt, %a, %b : tensor<63xf32>
  return %y : tensor<63xi1>
}
func.func @softmax_f16(%a: tensor<16x70xf16>) -> tensor<16x70xf16> {
  %empty = tensor.empty() : tensor<16x70xf16>
  %y = linalg.softmax dimension(1) ins(%a : tensor<16x70xf16>) outs(%empty : tensor<16x70xf16>)
    -> tensor<16x70xf16>
  return %y : tensor<16x70xf16>
}
func.func @matvec(%a: tensor<512xf32>, %b: tensor<512x256xf32>) -> tensor<256xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<256xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<256xf32>) -> tensor<256xf32>
  %y = linalg.vecmat ins(%a, %b : tensor<512xf32>, tensor<512x256xf32>)
                     outs(%init : tensor<256xf32>) -> tensor<256xf32>
  return %y : tensor<256xf32>
}
func.func @matmul_f16(%a: tensor<5x96xf16>, %b: tensor<96x70xf16>) -> tensor<5x70xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<5x70xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<5x70xf32>) -> tensor<5x70xf32>
  %y = linalg.matmul ins(%a, %b : tensor<5x96xf16>, tensor<96x70xf16>)
                     outs(%init : tensor<5x70xf32>) -> tensor<5x70xf32>
  return %y : tensor<5x70xf32>
}
"""
RNG = np.random.default_rng(0)


def floats(*shape: int, dtype: type[np.floating[Any]] = np.float32) -> Array:
    return RNG.standard_normal(shape).astype(dtype)


def integers(dtype: type[np.signedinteger[Any]]) -> Array:
    limits = np.iinfo(dtype)
    return RNG.integers(limits.min, limits.max, 63, dtype, endpoint=True)


def softmax(x: Array) -> Array:
    powers = np.exp(x.astype(np.float32))
    return powers / powers.sum(1, keepdims=True)


HALF, OTHER_HALF = floats(63, dtype=np.float16), floats(63, dtype=np.float16)
I8, I16, I64 = integers(np.int8), integers(np.int16), integers(np.int64)
SINGLE, OTHER_SINGLE = floats(63), floats(63)
TABLE = floats(16, 70, dtype=np.float16)
VECTOR, MATRIX = floats(512), floats(512, 256)
HALF_ROWS, HALF_MATRIX = floats(5, 96, dtype=np.float16), floats(96, 70, dtype=np.float16)
WIDE = HALF_ROWS.astype(np.float32) @ HALF_MATRIX.astype(np.float32)
CASES = {
    "add_f16": ([HALF, OTHER_HALF], HALF + OTHER_HALF),
    "exp_f16": ([HALF], np.exp(HALF)),
    "shift_i8": ([I8], (I8.view(np.uint8) >> 3).view(np.int8)),
    "shift_i16": ([I16], (I16.view(np.uint16) >> 3).view(np.int16)),
    "multiply_i64": ([I64], I64 * I64),
    "less": ([SINGLE, OTHER_SINGLE], SINGLE < OTHER_SINGLE),
    "softmax_f16": ([TABLE], softmax(TABLE).astype(np.float16)),
    "matvec": ([VECTOR, MATRIX], VECTOR @ MATRIX),
    "matmul_f16": ([HALF_ROWS, HALF_MATRIX], WIDE),
}


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> seedlm.loader.LoadedModule:
    folder: Path = tmp_path_factory.mktemp("operations")
    source, compiled = folder / "operations.mlirbc", folder / "operations.vmfb"
    parsed = ir.Module.parse(OPERATIONS, make_context())
    set_portable_target(parsed)
    write_module(parsed, source)
    run_iree_compile([str(source), *Target("vulkan").iree_flags(), "-o", str(compiled)], source)
    return seedlm.load(compiled, device="vulkan")


@pytest.mark.parametrize("name", CASES)
def test_operation(name: str, module: seedlm.loader.LoadedModule) -> None:
    inputs, expected = CASES[name]
    (actual,) = module.call(name, *inputs)
    assert actual.dtype == expected.dtype
    if expected.dtype.kind in "ib":
        np.testing.assert_array_equal(actual, expected)
    else:
        tolerance = 4e-3 if expected.dtype == np.float16 else 1e-4
        np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)
