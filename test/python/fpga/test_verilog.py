# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The generated Verilog, and that tools accept all of it."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from icarus import needs_icarus
from reference import CODES

from seedlm.codec.basis import states
from seedlm.codec.code import PRESETS, Code
from seedlm.codec.lfsr import MAXIMAL_TAPS
from seedlm.errors import SeedlmError
from seedlm.fpga.model import LANGUAGE, SOURCES, rtl_arguments
from seedlm.fpga.parameters import FP16, EngineParameters, engine_parameters
from seedlm.fpga.toolchain import verilator
from seedlm.fpga.verilog import TOP, modules, state_masks

# Of those that differ in what the tools see.
LINTED = [*PRESETS, "short", "odd", "fp16"]
ENGINES = {name: engine_parameters(code) for name, code in CODES.items()} | {"fp16": FP16}


def write_modules(parameters: EngineParameters, folder: Path) -> None:
    for name, text in modules(parameters).items():
        (folder / name).write_text(text)


@pytest.mark.parametrize("name", CODES)
def test_masks_give_the_states_of_the_register(name: str) -> None:
    code = CODES[name]
    seeds = np.random.default_rng(0).integers(1, code.seeds + 1, 500).astype(np.uint32)
    masks = np.array(state_masks(code), np.uint32)
    bits = np.bitwise_count(seeds[:, None] & masks) & 1
    windows = np.lib.stride_tricks.sliding_window_view(bits, code.basis_bits, axis=1)
    values = (windows.astype(np.int64) << np.arange(code.basis_bits)).sum(-1)
    expected = states(code, seeds) >> np.uint32(code.lfsr_width - code.basis_bits)
    np.testing.assert_array_equal(values, expected.reshape(500, -1))


@pytest.mark.parametrize("name", LINTED)
def test_verilator_has_no_warnings(name: str, tmp_path: Path) -> None:
    write_modules(ENGINES[name], tmp_path)
    printed = verilator().run(
        ["--lint-only", "-Wall", "--language", LANGUAGE, *rtl_arguments(tmp_path, TOP)]
    )
    assert "Warning" not in printed


@needs_icarus
@pytest.mark.parametrize("name", LINTED)
def test_icarus_has_no_warnings(name: str, tmp_path: Path) -> None:
    write_modules(ENGINES[name], tmp_path)
    folders = ["-y", str(SOURCES / "rtl"), "-y", str(tmp_path)]
    command = ["iverilog", "-g2005", "-Wall", "-t", "null", "-s", TOP, *folders]
    result = subprocess.run(
        [*command, str(tmp_path / f"{TOP}.v")], capture_output=True, text=True, check=True
    )
    assert result.stdout + result.stderr == ""


def test_sources_are_plain_verilog() -> None:
    files = sorted((SOURCES / "rtl").glob("*.v"))
    assert files
    for file in files:
        text = file.read_text()
        assert text.startswith("// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n")
        assert text.count("\nmodule ") == 1
        assert f"\nmodule {file.stem} " in text


def test_sizes_follow_from_the_code() -> None:
    parameters = ENGINES["wide"]
    assert parameters.name == "c8p3k18t81q4e2b8"
    assert (parameters.lanes, parameters.step_bits, parameters.unit_bits) == (16, 512, 512)
    assert (parameters.weight_bits, parameters.result_bits) == (13, 43)
    three_bit = ENGINES["paper-3bit"]
    assert (three_bit.lanes, three_bit.step_bits, three_bit.unit_bits) == (16, 576, 64)
    assert (three_bit.weight_bits, three_bit.result_bits) == (22, 64)
    short = ENGINES["short"]
    assert (short.lanes, short.step_bits, short.unit_bits) == (24, 576, 64)
    assert (FP16.lanes, FP16.step_bits, FP16.result_bits) == (32, 512, 68)


@pytest.mark.parametrize("name", ENGINES)
def test_segments_cover_a_row(name: str) -> None:
    parameters = ENGINES[name]
    for columns in (1, 4096, 4104, 4105, 11008, 28672, 1 << 20):
        lengths = parameters.segment_lengths(columns)
        assert sum(lengths) == parameters.blocks(columns)
        assert len(lengths) == parameters.segments(columns)
        assert max(lengths) == parameters.segment_blocks(columns) <= parameters.max_segment
        assert min(lengths) > 0
    assert parameters.segments(4096) == 1


def test_codes_that_the_device_does_not_decode() -> None:
    def code(**changes: object) -> Code:
        usual = {"block": 16, "latent": 4, "lfsr_width": 20, "taps": MAXIMAL_TAPS[20]}
        bits = {"coefficient_bits": 5, "exponent_bits": 4, "basis_bits": 20}
        return Code(**(usual | bits | changes))  # type: ignore[arg-type]

    with pytest.raises(SeedlmError, match=r"^fpga: accumulators of 69 bits, .* longer than 64$"):
        engine_parameters(code())
    with pytest.raises(SeedlmError, match=r"^fpga: a scale for each group-128 is not supported"):
        engine_parameters(code(scale="group-128"))
