# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every engine that is installed multiplies by the weights that it says it has."""

import sys
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

from seedlm.bench.engine import Engine, Prepared, Unavailable, int4_values, prepare_checked
from seedlm.bench.engines._ggml import load_functions
from seedlm.bench.engines.codes import Codes
from seedlm.bench.engines.stock_iree import DenseIree
from seedlm.bench.engines.stream import prepare_stream
from seedlm.bench.matvec import all_engines
from seedlm.bench.workload import Workload
from seedlm.codec import PRESETS
from seedlm.errors import SeedlmError

SMALL = Workload(rows=192, columns=256, repeats=3)
ENGINES = all_engines(PRESETS)
MODULES = {"llama.cpp": "llama_cpp", "onnxruntime": "onnxruntime", "openvino": "openvino"}


def prepare(engine: Engine, workload: Workload) -> Prepared:
    try:
        return prepare_checked(engine, workload)
    except Unavailable as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
@pytest.mark.parametrize(
    "workload",
    [SMALL, replace(SMALL, distinct_bytes=150_000), replace(SMALL, batch=3, threads=2)],
    ids=["cache", "streamed", "batch"],
)
def test_products_are_right(engine: Engine, workload: Workload) -> None:
    prepared = prepare(engine, workload)
    matrices = workload.matrices(prepared.matrix_bytes)
    assert prepared.products == (matrices if workload.distinct_bytes else workload.repeats)
    assert matrices * prepared.matrix_bytes >= workload.distinct_bytes
    assert prepared.result(0).shape == (workload.batch, workload.rows)


@pytest.mark.parametrize("code", PRESETS)
def test_columns_that_fill_no_block(code: str) -> None:
    prepare(Codes(code), Workload(rows=70, columns=131, distinct_bytes=12_000))


def test_a_wrong_product_is_an_error() -> None:
    class Wrong(DenseIree):
        def prepare(self, workload: Workload) -> Prepared:
            prepared = super().prepare(workload)
            dense = prepared.dense.copy()
            dense[-1, -1] += 1
            return replace(prepared, dense=dense)

    says = r"iree/f32: product 0 is wrong: error 0\.\d+, tolerance 1e-05"
    with pytest.raises(SeedlmError, match=says):
        prepare_checked(Wrong("f32"), SMALL)


@pytest.mark.parametrize("engine", ENGINES[-4:], ids=lambda engine: engine.name)
def test_a_missing_package(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    load_functions.cache_clear()
    monkeypatch.setitem(sys.modules, MODULES[engine.name.partition("/")[0]], None)
    with pytest.raises(Unavailable, match="is not installed"):
        engine.prepare(SMALL)


@pytest.mark.parametrize(
    "name", ["iree/int4-g128", "llama.cpp/q4_0", "onnxruntime/int4-b128", "openvino/int4-g128"]
)
def test_columns_that_fill_no_group(name: str) -> None:
    module = MODULES.get(name.partition("/")[0])
    if module is not None and find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    engine = next(each for each in ENGINES if each.name == name)
    with pytest.raises(Unavailable, match="300 columns are no multiple of"):
        engine.prepare(Workload(rows=64, columns=300))


def test_activations_that_a_code_has_no_kernels_for() -> None:
    with pytest.raises(Unavailable, match="no kernels for activations of 8 bits"):
        Codes("paper-4bit", "int8").prepare(SMALL)


def test_nibbles() -> None:
    assert int4_values(np.array([[0x21, 0xF3]], np.uint8)).tolist() == [[1, 2, 3, 15]]


@pytest.mark.parametrize("threads", [1, 2])
def test_stream_reads(threads: int) -> None:
    prepare_stream(1000, 3, threads)()
