# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The plugin in IREE's runtime, in a process of its own and in this one."""

import os
import subprocess
from pathlib import Path
from typing import Any

import iree._runtime_libs as libraries
import iree.runtime as rt
import numpy as np
import pytest
from iree.compiler.tools import binaries
from reference import CODES, product, random_activations, random_records

from seedlm import fpga
from seedlm.fpga.device import IDEAL_MEMORY
from seedlm.fpga.iree_devices import open_devices
from seedlm.fpga.parameters import engine_parameters

CODE = CODES["seed-4bit"]
ROWS, COLUMNS = 37, 5000
BATCHES = (1, 3, 18)


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a compiled module that multiplies on the device @fpga."""
    folder = tmp_path_factory.mktemp("plugin")
    text = (Path(__file__).parent / "Inputs" / "multiply.mlir").read_text()
    words = {
        "symbol": fpga.symbol(CODE),
        "rows": ROWS,
        "columns": COLUMNS,
        "bytes": matrix()[0].size,
        "segments": engine_parameters(CODE).segments(COLUMNS),
    }
    for name, value in words.items():
        text = text.replace(f"{{{name}}}", str(value))
    source, output = folder / "multiply.mlir", folder / "multiply.vmfb"
    source.write_text(text)
    options = [
        "--iree-hal-target-device=cpu=local[0]",
        "--iree-hal-target-device=fpga=local[1]",
        "--iree-hal-local-target-device-backends=llvm-cpu",
        "--iree-hal-default-device=cpu",
        "--iree-llvmcpu-target-cpu=generic",
    ]
    compiler = binaries.find_tool("iree-compile")
    subprocess.run([compiler, source, *options, "-o", output], check=True)
    return output


def matrix() -> tuple[np.ndarray, np.ndarray]:
    """Returns codes int8 [bytes] and integer weights."""
    records = random_records(CODE, ROWS, COLUMNS, np.random.default_rng(0))
    beats = fpga.order_codes(records.codes(), CODE, ROWS, COLUMNS)
    return beats.reshape(-1).view(np.int8), records.weights(COLUMNS)


@pytest.fixture(scope="module")
def multiply(module: Path) -> Any:
    """Returns the module's function on two devices of this process."""
    library = fpga.plugin(CODE)
    fpga.set_memory(IDEAL_MEMORY)
    devices = list(open_devices((library,)))
    instance = rt.VmInstance()
    modules = [
        rt.create_hal_module(instance, devices=devices),
        rt.VmModule.mmap(instance, str(module)),
    ]
    context = rt.VmContext(instance, modules=modules)
    return rt.FunctionInvoker(context, devices[0], modules[1].lookup_function("main"))


@pytest.mark.parametrize("batch", BATCHES)
def test_results_and_counters(multiply: Any, batch: int) -> None:
    codes, weights = matrix()
    activations = random_activations(batch, COLUMNS, np.random.default_rng(batch))
    fpga.reset_counters()
    results = multiply(codes, activations).to_host()
    np.testing.assert_array_equal(results, product(engine_parameters(CODE), weights, activations))
    counters = fpga.counters()
    assert counters.commands == -(-batch // 16)
    assert counters.cycles > counters.beats > 0


def run_module(
    module: Path, arguments: list[str], **environment: str
) -> subprocess.CompletedProcess[str]:
    tool = Path(libraries.__file__).parent / "iree-run-module"
    return subprocess.run(
        [tool, "--device=local-task", "--device=local-task", f"--module={module}", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )


def inputs(folder: Path) -> list[str]:
    codes, _ = matrix()
    np.save(folder / "codes.npy", codes)
    np.save(folder / "activations.npy", random_activations(2, COLUMNS, np.random.default_rng(7)))
    return [f"--input=@{folder / name}.npy" for name in ("codes", "activations")]


def test_iree_run_module(module: Path, tmp_path: Path) -> None:
    output = tmp_path / "results.npy"
    arguments = [f"--executable_plugin={fpga.plugin(CODE)}", f"--output=@{output}"]
    result = run_module(module, arguments + inputs(tmp_path))
    assert result.returncode == 0, result.stderr
    activations = random_activations(2, COLUMNS, np.random.default_rng(7))
    expected = product(engine_parameters(CODE), matrix()[1], activations)
    np.testing.assert_array_equal(np.load(output), expected)


def test_a_failing_device_fails_the_call(module: Path, tmp_path: Path) -> None:
    arguments = [f"--executable_plugin={fpga.plugin(CODE)}", *inputs(tmp_path)]
    result = run_module(module, arguments, SEEDLM_FPGA_TRACE=str(tmp_path / "trace.vcd"))
    assert result.returncode != 0
    assert "seedlm fpga: this model was not built for waveforms\n" in result.stderr


def test_the_plugin_of_another_code_does_not_fit(module: Path, tmp_path: Path) -> None:
    other = fpga.plugin(CODES["paper-4bit"])
    result = run_module(module, [f"--executable_plugin={other}", *inputs(tmp_path)])
    assert result.returncode != 0
    assert "NOT_FOUND" in result.stderr
