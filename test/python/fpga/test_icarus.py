# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Another simulator computes the same."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from icarus import needs_icarus
from reference import CODES, product, random_activations, random_records

from seedlm.fpga.layout import order_codes
from seedlm.fpga.model import SOURCES
from seedlm.fpga.parameters import EngineParameters, engine_parameters
from seedlm.fpga.verilog import TOP, modules

ROWS, COLUMNS, BATCH = 21, 100, 2
BEATS = 1024
CODES_ADDRESS = 512


def activation_beats(activations: np.ndarray, parameters: EngineParameters) -> np.ndarray:
    """Returns activations of one segment in the device's order, int16 [beats, 32]."""
    batch, columns = activations.shape
    blocks, lines = parameters.blocks(columns), parameters.lines(parameters.blocks(columns))
    padded = np.zeros((batch, lines * parameters.banks, parameters.place), np.int16)
    flat = np.pad(activations, ((0, 0), (0, blocks * parameters.block - columns)))
    padded[:, :blocks, : parameters.block] = flat.reshape(batch, blocks, -1)
    return padded.reshape(batch, lines, 32).swapaxes(0, 1).reshape(-1, 32)


@needs_icarus
@pytest.mark.parametrize("name", ["paper-4bit", "short"])
def test_icarus_computes_the_same(name: str, tmp_path: Path) -> None:
    code, parameters = CODES[name], engine_parameters(CODES[name])
    records = random_records(code, ROWS, COLUMNS, np.random.default_rng(0))
    activations = random_activations(BATCH, COLUMNS, np.random.default_rng(1))
    memory = np.zeros((BEATS, 64), np.uint8)
    vectors = activation_beats(activations, parameters).view(np.uint8).reshape(-1, 64)
    beats = order_codes(records.codes(), code, ROWS, COLUMNS)
    memory[: len(vectors)] = vectors
    memory[CODES_ADDRESS : CODES_ADDRESS + len(beats)] = beats
    image, registers = tmp_path / "image.hex", tmp_path / "registers.hex"
    image.write_text("\n".join(beat[::-1].tobytes().hex() for beat in memory))
    blocks = parameters.blocks(COLUMNS)
    values = (0, 0, ROWS, blocks, parameters.segment_blocks(COLUMNS), BATCH, 0, CODES_ADDRESS)
    registers.write_text("\n".join(f"{value:x}" for value in values))

    for file, text in modules(parameters).items():
        (tmp_path / file).write_text(text)
    program, bench = tmp_path / "bench.vvp", Path(__file__).with_name("icarus_bench.v")
    folders = ["-y", str(SOURCES / "rtl"), "-y", str(tmp_path)]
    command = ["iverilog", "-g2005", "-s", "icarus_bench", *folders, "-o", str(program)]
    subprocess.run([*command, str(bench), str(tmp_path / f"{TOP}.v")], check=True)
    arguments = [f"+image={image}", f"+registers={registers}"]
    printed = subprocess.run(
        ["vvp", str(program), *arguments], capture_output=True, text=True, check=True
    ).stdout.splitlines()

    assert printed[-1] == "status 2"
    words = [line.removeprefix("result ") for line in printed if line.startswith("result ")]
    results = np.array([int(word[16:], 16) for word in words], np.uint64).view(np.int64)
    expected = product(parameters, records.weights(COLUMNS), activations)[0]
    groups = [
        expected[:, first : first + parameters.lanes] for first in range(0, ROWS, parameters.lanes)
    ]
    np.testing.assert_array_equal(results, np.concatenate([group.reshape(-1) for group in groups]))
