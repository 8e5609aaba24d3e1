# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The tools of the device."""

import re
from pathlib import Path

import pytest
from reference import CODES

from seedlm import fpga
from seedlm.codec import PRESETS
from seedlm.fpga import check
from seedlm.fpga.cycles import product_cycles
from seedlm.fpga.device import IDEAL_MEMORY, MemoryTiming
from seedlm.fpga.parameters import FP16, engine_parameters
from seedlm.fpga.report import (
    HEADLINE,
    MODELS,
    Timer,
    compare,
    matched_fp16_cycles,
    model_speed_up,
)
from seedlm.tools import fpga_plugin, fpga_report, fpga_simulate

SEED = engine_parameters(CODES["seed-4bit"])


def test_simulate(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--code", "seed-4bit", "--rows", "20", "--columns", "90", "--batch", "3"]
    assert fpga_simulate.main([*arguments, "--stalls", "100"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"^cycles +\d+$", printed, re.MULTILINE)
    assert printed.endswith("results equal those of the decoder\n")


def test_simulate_writes_waveforms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace = tmp_path / "out.vcd"
    shape = ["--rows", "2", "--columns", "16"]
    assert fpga_simulate.main(["--code", "seed-4bit", *shape, "--trace", str(trace)]) == 0
    assert capsys.readouterr().out.endswith(f"{trace}: waveforms\n")
    text = trace.read_text()
    for signal in ("request_valid", "issue_valid", "activations", "result_data"):
        assert f" {signal} " in text
    missing = tmp_path / "missing" / "out.vcd"
    assert fpga_simulate.main(["--code", "seed-4bit", "--trace", str(missing)]) == 1
    assert capsys.readouterr().err == f"seedlm-fpga-simulate: fpga: {missing}: cannot be written\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--rows", "0"], "fpga: rows 0, columns 1024 or batch 1 is below 1"),
        (["--width", "100"], "memory: width 100 is not a power of two in 8..512"),
    ],
)
def test_simulate_says_what_is_wrong(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fpga_simulate.main(arguments) == 1
    assert capsys.readouterr().err == f"seedlm-fpga-simulate: {reason}\n"


def test_wrong_results_are_errors(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = check.integer_weights
    monkeypatch.setattr(check, "integer_weights", lambda *fields: weights(*fields) + 1)
    assert fpga_simulate.main(["--code", "seed-4bit", "--rows", "2", "--columns", "8"]) == 1
    reason = "fpga: the results of segment 0 are wrong"
    assert capsys.readouterr().err == f"seedlm-fpga-simulate: {reason}\n"


def test_plugin(capsys: pytest.CaptureFixture[str]) -> None:
    assert fpga_plugin.main(["--code", "seed-4bit"]) == 0
    assert capsys.readouterr().out == f"{fpga.plugin(CODES['seed-4bit'])}\n"


def test_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert fpga_report.main(["--code", "seed-4bit", "--simulate", "40000"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"^seed-4bit +131,2\d\d +3\.99\d +137,\d+ +3\.99\d$", printed, re.MULTILINE)
    assert re.search(
        r"^Llama-3 8B key, value +1024 x 4096 .* 32,\d+\* +3\.98", printed, re.MULTILINE
    )
    for model in MODELS:
        assert f"{model}, all" in printed
    assert "The closed form is at most 0.00" in printed


@pytest.fixture(scope="module")
def with_refresh() -> Timer:
    return Timer(MemoryTiming(), limit=1_000_000)


@pytest.mark.parametrize("name", PRESETS)
def test_headline(name: str, with_refresh: Timer) -> None:
    """At the same DRAM width a product is as much faster as its codes are smaller than FP16."""
    code = CODES[name]
    pair = compare(with_refresh, engine_parameters(code), *HEADLINE, 1)
    assert pair.fp16.simulated
    assert pair.code.simulated
    assert pair.speed_up >= {4: 3.99, 3: 5.2}[round(code.bits_per_weight)]


def test_longer_products_are_not_simulated() -> None:
    timer = Timer(IDEAL_MEMORY, limit=3000)
    short, long = timer.cycles(SEED, 32, 1024, 1), timer.cycles(SEED, 4096, 4096, 1)
    assert (short.simulated, long.simulated, timer.simulations) == (True, False, 1)
    assert long.cycles == product_cycles(SEED, 4096, 4096, 1, IDEAL_MEMORY.latency)
    assert timer.cycles(SEED, 32, 1024, 1) is short


@pytest.mark.parametrize("batch", [1, 3])
def test_closed_form_with_refresh(batch: int) -> None:
    timer = Timer(MemoryTiming(), limit=100_000)
    assert timer.cycles(SEED, 256, 4096, batch).simulated
    assert timer.largest_error < 0.01


def test_equal_multipliers_take_the_gain_of_many_vectors_away() -> None:
    cycles = [matched_fp16_cycles(SEED, 4096, 4096, batch, 40) for batch in (1, 4, 16)]
    beats = 4096 * 4096 // 32
    assert [round(each / beats) for each in cycles] == [1, 1, 4]


def test_speed_up_of_models() -> None:
    timer = Timer(IDEAL_MEMORY, limit=0)
    for layers in MODELS.values():
        pairs = [(layer, compare(timer, SEED, layer.rows, layer.columns, 1)) for layer in layers]
        assert all(layer.rows > 0 and layer.count > 0 for layer, _ in pairs)
        assert 3.99 < model_speed_up(pairs) < 4
    assert FP16.name == "fp16"
