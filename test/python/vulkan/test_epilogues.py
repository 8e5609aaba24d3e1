# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What kernels compute after a product: in one dispatch with it, and as NumPy does."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from contractions import (
    TOLERANCE,
    Contraction,
    load_contractions,
    lowered_contractions,
    random_weights,
)

import seedlm
from seedlm.codec import preset

Array = npt.NDArray[Any]
WEIGHTS = random_weights(preset("seed-4bit"), 67, 88)
CONSTANTS = {
    "zero": 0.0,
    "one": 1.0,
    "half": 0.5,
    "three": 3.0,
    "root": math.sqrt(2),
    "cubic": 0.044715,
    "linear": math.sqrt(2 / math.pi),
}
ERF = np.vectorize(math.erf)
# Operations from %y to %z, and what they compute.
ACTIVATIONS: dict[str, tuple[str, Callable[[Array], Array]]] = {
    "none": ("%z = arith.mulf %y, %one", lambda y: y),
    "relu": ("%z = arith.maximumf %y, %zero", lambda y: np.maximum(y, 0)),
    "gelu": (
        """%a = arith.divf %y, %root
        %b = math.erf %a
        %c = arith.addf %b, %one
        %d = arith.mulf %y, %c
        %z = arith.mulf %d, %half""",
        lambda y: y * 0.5 * (1 + ERF(y / math.sqrt(2))),
    ),
    "gelu_by_tanh": (
        """%a = math.powf %y, %three
        %b = arith.mulf %a, %cubic
        %c = arith.addf %y, %b
        %d = arith.mulf %c, %linear
        %e = math.tanh %d
        %f = arith.addf %e, %one
        %g = arith.mulf %y, %half
        %z = arith.mulf %g, %f""",
        lambda y: y * 0.5 * (1 + np.tanh(math.sqrt(2 / math.pi) * (y + 0.044715 * y**3))),
    ),
    "silu": (
        """%a = arith.negf %y
        %b = math.exp %a
        %c = arith.addf %b, %one
        %d = arith.divf %one, %c
        %z = arith.mulf %d, %y""",
        lambda y: y / (1 + np.exp(-y)),
    ),
    "sigmoid": (
        """%a = arith.subf %zero, %y
        %b = math.exp %a
        %c = arith.addf %one, %b
        %z = arith.divf %one, %c""",
        lambda y: 1 / (1 + np.exp(-y)),
    ),
    "tanh": ("%z = math.tanh %y", np.tanh),
}
# What comes before an activation function, what after it, and what that makes of it.
FORMS: dict[str, tuple[str, str, Callable[..., Array]]] = {
    "bias": (
        "%y = arith.addf %bias, %product",
        "%result = arith.mulf %z, %one",
        lambda activation, y, bias, other: activation(y + bias),
    ),
    "residual": (
        "%s = arith.addf %product, %other\n%y = arith.addf %s, %bias",
        "%result = arith.mulf %z, %one",
        lambda activation, y, bias, other: activation(y + bias + other),
    ),
    "product": (
        "%y = arith.addf %product, %bias",
        "%result = arith.mulf %other, %z",
        lambda activation, y, bias, other: activation(y + bias) * other,
    ),
}
CASES = [(name, form) for name in ACTIVATIONS for form in FORMS]
# Functions that are like those of the kernels, but not the same.
OTHERS = {
    "quick_gelu": """%a = arith.mulf %product, %linear
        %b = math.exp %a
        %c = arith.addf %b, %one
        %result = arith.divf %product, %c""",
    "clamp": """%a = arith.maximumf %product, %zero
        %result = arith.minimumf %a, %three""",
    "product_of_bias": "%result = arith.mulf %product, %bias",
    "sum_after": """%a = math.tanh %product
        %result = arith.addf %a, %other""",
}


def contraction(name: str, form: str, element: str) -> Contraction:
    before, after, _ = FORMS[form]
    code = "\n".join([before, ACTIVATIONS[name][0], after])
    return Contraction(WEIGHTS, element, None, typed(code, element), f"{name}_{form}")


def typed(code: str, element: str) -> str:
    """Operations with types, after the constants."""
    constants = [f"%{key} = arith.constant {CONSTANTS[key]:.8e}" for key in CONSTANTS]
    return "\n".join(f"{line} : {element}" for line in [*constants, *code.splitlines()])


@pytest.fixture(scope="module", params=TOLERANCE)
def element(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def module(element: str, tmp_path_factory: pytest.TempPathFactory) -> seedlm.loader.LoadedModule:
    path = tmp_path_factory.mktemp("epilogues") / "epilogues.vmfb"
    return load_contractions([contraction(*case, element) for case in CASES], path, kernels=True)


def test_epilogues_are_part_of_dispatches(element: str) -> None:
    text = str(lowered_contractions([contraction(*case, element) for case in CASES], kernels=True))
    assert text.count("flow.dispatch @") == len(CASES)
    assert "linalg.generic" not in text


def test_other_epilogues_are_not() -> None:
    functions = [
        Contraction(WEIGHTS, "f32", None, typed(code, "f32"), name) for name, code in OTHERS.items()
    ]
    text = str(lowered_contractions(functions, kernels=True))
    assert text.count("linalg.generic") == len(OTHERS)


@pytest.mark.parametrize(("name", "form"), CASES)
def test_epilogue(name: str, form: str, element: str, module: seedlm.loader.LoadedModule) -> None:
    own, rng = contraction(name, form, element), np.random.default_rng(0)
    for batch in (1, 3, 12, 40):
        x = own.inputs(batch)
        bias = rng.standard_normal(WEIGHTS.shape[0]).astype(own.dtype)
        other = rng.standard_normal((batch, len(bias))).astype(own.dtype)
        (actual,) = module.call(own.name, x, bias, other)
        wide = (each.astype(np.float64) for each in (bias, other))
        expected = FORMS[form][2](ACTIVATIONS[name][1], own.expected(x), *wide)
        tolerance = 2 * TOLERANCE[element]
        np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


def test_error_function(tmp_path: Path) -> None:
    """GELU of the bias alone, over its whole range; twice it, divided by x, is the function."""
    own = contraction("gelu", "bias", "f32")
    loaded = load_contractions([own], tmp_path / "gelu.vmfb", kernels=True)
    x, rows = np.zeros((1, WEIGHTS.shape[1]), np.float32), WEIGHTS.shape[0]
    for bias in np.linspace(-8.1, 8.2, 20 * rows, dtype=np.float32).reshape(-1, rows):
        (actual,) = loaded.call(own.name, x, bias, bias[None])
        error = 2 * actual[0] / bias.astype(np.float64) - 1 - ERF(bias / math.sqrt(2))
        assert np.abs(error).max() < 3e-7
