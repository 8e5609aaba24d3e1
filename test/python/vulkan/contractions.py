# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Modules of single contractions with random codes, and what NumPy says that they compute."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from iree.compiler import ir

import seedlm
from seedlm.codec import Code, Encoded, decode
from seedlm.codec.packing import pack_records
from seedlm.compiler.ir.context import make_context, write_module
from seedlm.compiler.iree import run_iree_compile
from seedlm.compiler.targets import Target
from seedlm.compiler.vulkan_target import set_portable_target
from seedlm.loader import LoadedModule
from seedlm.passes._pass import Pass
from seedlm.passes.lower_to_linalg import LowerToLinalg
from seedlm.passes.lower_to_vulkan import LowerToVulkan
from seedlm.passes.pack_codes import PackCodes
from seedlm.passes.pipeline import run_pipeline

Array = npt.NDArray[Any]
TOLERANCE = {"f32": 1e-5, "f16": 2e-3}


@dataclass(frozen=True)
class Contraction:
    """A function: x [batch, columns] to x @ weights.T [batch, rows], batch None for any.

    With an epilogue, it takes tensors [rows] and [batch, rows] as well and returns what lines of
    MLIR compute element by element as %result, of %product, %bias and %other.
    """

    weights: Encoded
    element: str = "f32"
    batch: int | None = None
    epilogue: str = ""
    label: str = "f"

    @property
    def name(self) -> str:
        rows, columns = self.weights.shape
        return f"{self.label}_{self.batch or 'any'}x{rows}x{columns}x{self.element}"

    @property
    def dtype(self) -> type[np.floating[Any]]:
        return np.float16 if self.element == "f16" else np.float32

    def inputs(self, batch: int) -> Array:
        shape = (batch, self.weights.shape[1])
        return np.random.default_rng(batch).standard_normal(shape).astype(self.dtype)

    def expected(self, x: Array) -> Array:
        """The product, f64."""
        return x.astype(np.float64) @ decode(self.weights).astype(np.float64).T


def random_weights(chosen: Code, rows: int, columns: int) -> Encoded:
    """Weights of random records, with all seeds, coefficients and exponents."""
    rng = np.random.default_rng(rows + columns)
    blocks = chosen.blocks_per_row(columns)
    coefficients = (rows, blocks, chosen.latent)
    fields = (
        rng.integers(1, chosen.seeds, (rows, blocks), np.uint32, endpoint=True),
        rng.integers(*chosen.coefficient_range, coefficients, np.int8, endpoint=True),
        rng.integers(*chosen.exponent_range, (rows, blocks), np.int8, endpoint=True),
    )
    scale = rng.uniform(0.01, 0.05, chosen.scale_shape(rows, columns)).astype(chosen.scale_dtype)
    return Encoded(chosen, (rows, columns), pack_records(*fields, chosen), np.asarray(scale), 0.0)


def assert_computes(module: LoadedModule, contraction: Contraction, batch: int) -> None:
    """Compares what a module computes for random rows with the reference."""
    x = contraction.inputs(batch)
    (actual,) = module.call(contraction.name, x)
    expected = contraction.expected(x)
    tolerance = TOLERANCE[contraction.element]
    assert actual.dtype == contraction.dtype
    np.testing.assert_allclose(
        actual.astype(np.float64),
        expected,
        rtol=tolerance,
        atol=tolerance * float(np.abs(expected).max()),
        err_msg=f"{contraction.name}, batch {batch}",
    )


def load_contractions(
    contractions: Sequence[Contraction], path: Path, *, kernels: bool
) -> LoadedModule:
    """Compiles functions for Vulkan into one module, with the package's kernels or without."""
    module = lowered_contractions(contractions, kernels=kernels)
    lowered = path.with_suffix(".mlirbc")
    write_module(module, lowered)
    flags = [*Target("vulkan").iree_flags(), "--compile-from=input"]
    run_iree_compile([str(lowered), *flags, "-o", str(path)], path)
    return seedlm.load(path, device="vulkan")


def lowered_contractions(contractions: Sequence[Contraction], *, kernels: bool) -> ir.Module:
    """Returns the functions as IREE gets them."""
    text = "\n".join(_function(each) for each in contractions)
    module = ir.Module.parse(text, make_context())
    with module.context:
        lower: list[Pass] = [LowerToVulkan()] if kernels else []
        run_pipeline(module, [PackCodes(), *lower, LowerToLinalg()])
    set_portable_target(module)
    return module


def _function(contraction: Contraction) -> str:
    weights, element = contraction.weights, contraction.element
    rows, columns = weights.shape
    batch = contraction.batch or "?"
    x, y = f"tensor<{batch}x{columns}x{element}>", f"tensor<{batch}x{rows}x{element}>"
    codes = f"tensor<{rows}x{weights.codes.shape[1]}xi8>"
    scale = f"tensor<{''.join(f'{n}x' for n in weights.scale.shape)}{weights.code.scale_type}>"
    bias = f"tensor<{rows}x{element}>"
    others = f", %biases: {bias}, %others: {y}" if contraction.epilogue else ""
    return f"""
util.func public @{contraction.name}(%x: {x}{others}) -> {y} {{
  %codes = arith.constant dense<"0x{weights.codes.tobytes().hex()}"> : {codes}
  %scale = arith.constant dense<"0x{weights.scale.tobytes().hex()}"> : {scale}
  %products = "seedlm.contract"(%x, %codes, %scale) {{{_attributes(weights.code)}}}
    : ({x}, {codes}, {scale}) -> {y}
{_epilogue(contraction, bias, y) if others else f"  util.return %products : {y}"}
}}"""


def _epilogue(contraction: Contraction, bias: str, y: str) -> str:
    whole, columns = (f"affine_map<(m, n) -> {places}>" for places in ("(m, n)", "(n)"))
    element, code = contraction.element, contraction.epilogue
    operands = {
        "%product": ("%products", y, whole),
        "%bias": ("%biases", bias, columns),
        "%other": ("%others", y, whole),
    }
    names = [name for name in operands if name in code]
    tensors, types, maps = zip(*(operands[name] for name in names), strict=True)
    return f"""
  %all = linalg.generic {{indexing_maps = [{", ".join(maps)}, {whole}],
    iterator_types = ["parallel", "parallel"]}}
    ins({", ".join(tensors)} : {", ".join(types)}) outs(%products : {y}) {{
  ^bb0({", ".join(f"{name}: {element}" for name in names)}, %out: {element}):
    {code}
    linalg.yield %result : {element}
  }} -> {y}
  util.return %all : {y}"""


def _attributes(code: Code) -> str:
    integers = ("block", "latent", "lfsr_width", "coefficient_bits", "exponent_bits", "basis_bits")
    maps = "[affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>]"
    values = [f"{name} = {getattr(code, name)}" for name in integers]
    taps = ", ".join(map(str, code.taps))
    return ", ".join(
        [f"indexing_maps = {maps}", 'generator = "lfsr"', f"taps = array<i64: {taps}>", *values]
    )
