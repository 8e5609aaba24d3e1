# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""SmolLM2-135M: a model of 540 MB with external data, as a user compiles it.

Its first layers and its head are compressed: encoding all of it takes more than ten minutes. Run
this file in one process, for each makes the module anew.
"""

import hashlib
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import iree.compiler.tools as iree_tools
import numpy as np
import numpy.typing as npt
import onnx
import psutil
import pytest
from catalog import model_path
from command_line import tool_command
from iree.compiler.tools.import_onnx import __main__ as importer
from judge import STOCK_FLAGS, assert_equal

import seedlm
from seedlm.codec import Encoded, decode, encode, preset
from seedlm.codec.packing import pack_records
from seedlm.codec.scale import choose_scales
from seedlm.compiler.dialect import TILE_ROWS
from seedlm.compiler.ir.archive_writer import write_archive
from seedlm.compiler.ir.parameters import load_archive
from seedlm.compiler.report import Report
from seedlm.inspection import read_report, verify_file
from seedlm.passes.cpu_form.layout import untile_codes
from seedlm.tools import compile as compile_tool

pytestmark = pytest.mark.slow

INCLUDED = ("val_[1-3]??", "model.lm_head.weight")
HEAD = "model.lm_head.weight"
EMBEDDING = "embedding.table"
CODE = preset("paper-4bit")
_GB = 1 << 30


@dataclass(frozen=True)
class Compiled:
    """What seedlm-compile made, printed and needed: the most bytes that it held at once."""

    module: Path
    archive: Path
    printed: str
    peak_bytes: int


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    folder = tmp_path_factory.mktemp("smollm2")
    module, archive = folder / "smollm2.vmfb", folder / "smollm2.irpa"
    included = [flag for pattern in INCLUDED for flag in ("--include", pattern)]
    outputs = ("-o", module, "--params", archive)
    command = tool_command(compile_tool, model_path("smollm2.onnx"), *outputs, *included)
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder
    )
    peak = 0
    while process.poll() is None:
        peak = max(peak, resident_bytes(process.pid))
        time.sleep(0.05)
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    return Compiled(module, archive, out, peak)


def resident_bytes(pid: int) -> int:
    """The memory of a process and all that it started, mapped files included."""
    try:
        parent = psutil.Process(pid)
        family = [parent, *parent.children(recursive=True)]
        return sum(each.memory_info().rss for each in family)
    except psutil.NoSuchProcess:
        return 0


@pytest.fixture(scope="session")
def report(compiled: Compiled) -> Report:
    return read_report(compiled.module)


def stored(tensor: str, compiled: Compiled, report: Report) -> Encoded:
    """The codes of a tensor from the archive; the manifest has the checksum of codes and scale."""
    weight = original(tensor)
    entry = load_archive(compiled.archive)[f"{tensor}.codes.tiles"]
    rows, columns = weight.shape
    tiles = np.frombuffer(entry.file_view, np.uint8).reshape(-(-rows // TILE_ROWS), -1)
    codes = pack_records(*untile_codes(tiles, rows, CODE), CODE)
    scale = choose_scales(np.asarray(weight, np.float32), CODE)
    (sha256,) = [each.sha256 for each in report.tensors if each.name == tensor]
    assert hashlib.sha256(codes.tobytes() + scale.tobytes()).hexdigest() == sha256
    return Encoded(CODE, (rows, columns), codes, scale, 0.0)


def original(tensor: str) -> npt.NDArray[Any]:
    """A weight of the model as [outputs, inputs]."""
    path = model_path("smollm2.onnx")
    proto = onnx.load(path, load_external_data=False)
    (found,) = [each for each in proto.graph.initializer if each.name == tensor]
    array = onnx.numpy_helper.to_array(found, str(path.parent))
    return array if tensor == HEAD else array.T


def test_memory(compiled: Compiled) -> None:
    assert compiled.peak_bytes < 2 * _GB


def test_sizes(compiled: Compiled, report: Report) -> None:
    names = [tensor.name for tensor in report.compressed]
    assert names[0] == HEAD
    assert len(names) > 15
    assert compiled.module.stat().st_size < 1_000_000
    size = compiled.archive.stat().st_size
    assert report.bytes_after <= size < report.bytes_after * 1.01
    assert all(0.09 < (tensor.relative_error or 0) < 0.13 for tensor in report.compressed)
    assert f"{len(names)} of " in compiled.printed
    verify_file(compiled.module)
    verify_file(compiled.archive)


def test_codes_are_the_codecs(compiled: Compiled, report: Report) -> None:
    smallest = min(report.compressed, key=lambda tensor: tensor.bytes_before).name
    again = encode(original(smallest), CODE)
    np.testing.assert_array_equal(stored(smallest, compiled, report).codes, again.codes)


def test_logits_are_those_of_decoded_weights(
    compiled: Compiled, report: Report, tmp_path: Path
) -> None:
    ids = np.load(model_path("lee-tokens.npy"))[None, :12].astype(np.int64)
    module, archive = decoded_model(compiled, report, tmp_path)
    expected = seedlm.load(module, parameters=archive)(ids)
    actual = seedlm.load(compiled.module, parameters=compiled.archive)(ids)
    assert actual[0].shape == (1, 12, 49152)
    assert_equal(actual, expected, 1e-4)


def decoded_model(compiled: Compiled, report: Report, work: Path) -> tuple[Path, Path]:
    """Stock IREE's module and archive of the model, with decoded weights in the archive."""
    split, mlir, archive = work / "split.onnx", work / "split.mlir", work / "split.irpa"
    save_with_embedding_apart(split)
    options = ["--large-model", "--externalize-params", f"--save-params-to={archive}"]
    arguments = importer.parse_arguments([str(split), "-o", str(mlir), *options])
    arguments.data_dir = str(model_path("smollm2.onnx").parent)
    assert not importer.main(arguments)
    module = work / "split.vmfb"
    iree_tools.compile_file(
        str(mlir), output_file=str(module), extra_args=list(STOCK_FLAGS), input_type="onnx"
    )
    write_decoded(archive, work / "decoded.irpa", compiled, report)
    return module, work / "decoded.irpa"


def save_with_embedding_apart(path: Path) -> None:
    """Saves the model with a second name for the head's weight, by which the embedding reads it."""
    proto = onnx.load(model_path("smollm2.onnx"), load_external_data=False)
    (head,) = [each for each in proto.graph.initializer if each.name == HEAD]
    proto.graph.initializer.add().CopyFrom(head)
    proto.graph.initializer[-1].name = EMBEDDING
    for node in proto.graph.node:
        if node.op_type == "Gather" and node.input[0] == HEAD:
            node.input[0] = EMBEDDING
    path.write_bytes(proto.SerializeToString())


def write_decoded(source: Path, target: Path, compiled: Compiled, report: Report) -> None:
    entries = load_archive(source)
    shapes = {tensor.name: tensor.shape for tensor in report.tensors}
    arrays = {name: np.frombuffer(entry.file_view, np.uint8) for name, entry in entries.items()}
    for tensor in report.compressed:
        weight = decode(stored(tensor.name, compiled, report))
        in_model = weight if tensor.name == HEAD else weight.T
        assert list(in_model.shape) == shapes[tensor.name]
        arrays[tensor.name] = in_model
    write_archive(target, arrays)
