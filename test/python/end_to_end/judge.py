# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The judge of compiled models: stock IREE on weights that NumPy decoded.

A weight is cut into rows, encoded and decoded by `seedlm.codec` and written back into the ONNX
model, which IREE's importer and compiler then take as any other model. None of seedlm's frontend,
passes or pipeline has a part in it.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import iree.compiler.tools as iree_tools
import iree.runtime as rt
import numpy as np
import numpy.typing as npt
import onnx
from iree.compiler.tools.import_onnx import __main__ as importer
from small_models import weights_of, with_weights

from seedlm.codec import decode, encode, preset

Array = npt.NDArray[Any]
Columns = Mapping[str, tuple[int, ...]]

CODES = {4: "seed-4bit", 3: "seed-3bit"}
STOCK_FLAGS = (
    "--iree-hal-target-device=local",
    "--iree-hal-local-target-device-backends=llvm-cpu",
    "--iree-llvmcpu-target-cpu=host",
)


def decoded(weight: Array, columns: tuple[int, ...], code: str) -> Array:
    """Returns `weight` as its codes say it is, in its own layout and dtype."""
    rows = tuple(i for i in range(weight.ndim) if i not in columns)
    order = rows + columns
    arranged = weight.transpose(order)
    width = math.prod(weight.shape[i] for i in columns)
    matrix = decode(encode(arranged.reshape(-1, width), preset(code)))
    return matrix.reshape(arranged.shape).transpose(np.argsort(order)).astype(weight.dtype)


def decoded_model(model: onnx.ModelProto, columns: Columns, code: str) -> onnx.ModelProto:
    """Returns `model` with the weights that `columns` names as their codes say they are."""
    weights = weights_of(model)
    return with_weights(
        model, {name: decoded(weights[name], dims, code) for name, dims in columns.items()}
    )


def run_stock(model: Path, inputs: Sequence[Array], work: Path) -> list[Array]:
    """Returns the outputs of an ONNX file by IREE's own importer, compiler and runtime."""
    mlir, module = work / "stock.mlir", work / "stock.vmfb"
    arguments = [str(model), "-o", str(mlir), "--opset-version=17"]
    assert not importer.main(importer.parse_arguments(arguments))
    iree_tools.compile_file(
        str(mlir), output_file=str(module), extra_args=list(STOCK_FLAGS), input_type="onnx"
    )
    return run_module(module, inputs)


def run_module(module: Path, inputs: Sequence[Array]) -> list[Array]:
    """Returns the outputs of a module that needs no parameters, by IREE's own runtime."""
    loaded = rt.load_vm_flatbuffer_file(str(module), driver="local-task")
    name = next(n for n in loaded.vm_module.function_names if not n.startswith("__"))
    outputs = loaded[name.removesuffix("$async")](*inputs)
    return [np.array(o.to_host()) for o in (outputs if isinstance(outputs, tuple) else [outputs])]


def assert_equal(actual: Sequence[Array], expected: Sequence[Array], tolerance: float) -> None:
    """Compares outputs; `tolerance` is relative to each output's largest value.

    Sums of products that cancel out have no relative precision of their own.
    """
    assert len(actual) == len(expected)
    for ours, stock in zip(actual, expected, strict=True):
        assert ours.dtype == stock.dtype
        wide = stock.astype(np.float64)
        atol = tolerance * float(np.abs(wide).max())
        np.testing.assert_allclose(ours.astype(np.float64), wide, rtol=1e-4, atol=atol)
