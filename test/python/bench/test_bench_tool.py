# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-bench as a user runs it: its tables, its files, and what it refuses."""

import json
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from command_line import Completed, assert_one_line
from small_models import matmul_model, save_model

from seedlm.bench.engines._ggml import load_functions
from seedlm.tools.bench import main

COMMON = {"date", "processor", "version"}
PRODUCT = {"name", "shape", "threads", "ms", "gweights_per_s", "gbytes_per_s"} | COMMON
PRODUCT |= {"batch", "memory", "bits_per_weight", "stream_fraction", "device"}
STREAMED = ("matvec", "--shape", "128x256", "--rounds", "1")
MATVEC = (*STREAMED, "--in-cache")
PEERS = ("llama.cpp/q4_0", "llama.cpp/q8_0", "onnxruntime/int4-b128", "openvino/int4-g128")


class Tool:
    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capture = capture

    def run(self, *arguments: str | Path) -> Completed:
        self._capture.readouterr()
        code = main([str(each) for each in arguments])
        return Completed(code, *self._capture.readouterr())

    def measures(self, *arguments: str | Path) -> list[dict[str, Any]]:
        """The JSON of a run that leaves nothing out."""
        file = self.folder / "out.json"
        done = self.run(*arguments, "--json", file)
        assert (done.code, done.err) == (0, "")
        records: list[dict[str, Any]] = json.loads(file.read_text())
        assert len(done.out.splitlines()) >= len(records)
        return records

    def refuses(self, *arguments: str | Path, says: str) -> None:
        assert_one_line(self.run(*arguments), "seedlm-bench", says)
        assert not list(self.folder.iterdir())


@pytest.fixture
def tool(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Tool:
    return Tool(tmp_path, capsys)


def test_products(tool: Tool) -> None:
    names = ["seedlm/paper-4bit", "iree/f16", "stream"]
    records = tool.measures(*MATVEC, *(f"--only={name}" for name in names))
    assert [each["name"] for each in records] == names
    for each in records:
        assert set(each) == PRODUCT
        assert (each["shape"], each["threads"], each["memory"]) == ("128x256", 1, "cache")
        weights, seconds = 128 * 256, each["ms"] / 1e3
        assert each["gweights_per_s"] == pytest.approx(weights / seconds / 1e9)
        size = weights * each["bits_per_weight"] / 8
        assert each["gbytes_per_s"] == pytest.approx(size / seconds / 1e9)
    paper, f16, stream = records
    assert paper["bits_per_weight"] == 4
    assert f16["bits_per_weight"] == 16
    assert stream["stream_fraction"] == 1
    expected = f16["gbytes_per_s"] / stream["gbytes_per_s"]
    assert f16["stream_fraction"] == pytest.approx(expected)


def test_streamed_products_on_two_threads(tool: Tool) -> None:
    options = ("--streamed", "64KiB", "--threads", "2", "--batch", "2", "--only", "iree/f32")
    (record,) = tool.measures(*STREAMED, *options)
    assert (record["memory"], record["threads"], record["batch"]) == ("streamed", 2, 2)
    assert record["stream_fraction"] is None


def test_packages_that_are_missing(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("llama_cpp", "onnxruntime", "openvino"):
        monkeypatch.setitem(sys.modules, name, None)
    load_functions.cache_clear()
    done = tool.run(*MATVEC, "--only", "stream", *(f"--only={name}" for name in PEERS))
    assert done.code == 0
    lines = done.err.splitlines()
    assert len(lines) == len(PEERS)
    for line, name in zip(lines, PEERS, strict=True):
        assert line.startswith(f"seedlm-bench: {name} is left out: ")
        assert line.endswith(" is not installed")
    assert "stream" in done.out


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_plots(tool: Tool, suffix: str) -> None:
    file = tool.folder / f"plot{suffix}"
    assert tool.run(*MATVEC, "--only", "iree/f32", "--plot", file).code == 0
    if suffix == ".png":
        assert file.read_bytes().startswith(b"\x89PNG")
    else:
        assert ElementTree.parse(file).getroot().tag.endswith("svg")


def test_encoder(tool: Tool) -> None:
    options = ("--code", "seed-3bit", "--blocks", "1024", "--threads", "1,2", "--importance", "1")
    file = tool.folder / "plot.svg"
    records = tool.measures("encode", *options, "--plot", file)
    speeds = [each for each in records if "search" in each]
    plain = {(each["search"], each["threads"]) for each in speeds if each["deviation"] is None}
    searches = ("fast", "certified", "exhaustive")
    assert plain == {(each, count) for each in searches for count in (1, 2)} | {("reference", 1)}
    assert all(each["blocks_per_s"] > 0 for each in speeds)
    weighted = {each["search"] for each in speeds if each["deviation"] == 1}
    assert weighted == {"fast", "exhaustive"}
    for each in speeds:
        if each["search"] == "certified":
            assert each["excess"] == 0
        if each["search"] == "fast":
            assert 0 <= each["excess"] < 0.005
    (table,) = [each for each in records if "built_s" in each]
    assert (table["code"], table["threads"]) == ("seed-3bit", 2)
    assert table["built_s"] > 0
    assert ElementTree.parse(file).getroot().tag.endswith("svg")


def test_model(tool: Tool, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("model") / "model.onnx"
    model = save_model(matmul_model(256, 512, batch=("batch",), sizes=(2,)), file)
    options = ("--batch", "2", "--rounds", "1", "--code", "paper-4bit", "--json")
    done = tool.run("model", model, *options, tool.folder / "out.json")
    assert done.code == 0
    assert all(" is left out: " in line for line in done.err.splitlines())
    records = json.loads((tool.folder / "out.json").read_text())
    fields = {"name", "threads", "ms", "speed_up", "cosine", "inputs", "flags"} | COMMON
    assert all(set(each) == fields for each in records)
    times = {(each["name"], *each["flags"]): each for each in records}
    assert times["iree/f32",]["inputs"] == ["2x256"]
    assert times["iree/f32",]["cosine"] == pytest.approx(1)
    assert max(each["speed_up"] for each in records if each["name"] == "iree/f32") == 1
    assert 0.98 < times["seedlm/paper-4bit",]["cosine"] < 0.9999


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("matvec", "--shape", "4096"), "--shape 4096: not a shape such as 4096x4096"),
        (("matvec", "--shape", "0x64"), "--shape 0x64: not a shape such as 4096x4096"),
        (
            (*MATVEC, "--device", "vulkan", "--threads", "2"),
            "--threads 2: only the CPU has threads",
        ),
        ((*MATVEC, "--threads", "0"), "--threads 0: less than 1"),
        ((*MATVEC, "--batch", "-1"), "--batch -1: less than 1"),
        ((*MATVEC, "--rounds", "0"), "--rounds 0: less than 1"),
        ((*STREAMED, "--streamed", "much"), "--streamed much: not a size such as 2GiB"),
        (
            (*STREAMED, "--only", "iree/f32"),
            "128x256: 1073741824 bytes are 8192 matrices, more than",
        ),
        ((*MATVEC, "--only", "nothing"), "--only nothing: nothing has such a name"),
        ((*MATVEC, "--plot", "plot.html"), "plot.html: a plot is .png or .svg"),
        ((*MATVEC, "--json", "no/out.json"), "no/out.json: no such folder: no"),
        (("encode", "--threads", "1,0"), "--threads 1,0: not numbers of threads such as 1,2"),
        (("encode", "--blocks", "0"), "--blocks 0: less than 1"),
        (("encode", "--importance", "nan"), "--importance nan: not a finite number of 0 or more"),
        (("model", "none.onnx"), "none.onnx: no such file"),
        (("model", "none.onnx", "--length", "0"), "--length 0: less than 1"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_refusals(
    tool: Tool, arguments: tuple[str, ...], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tool.folder)
    tool.refuses(*arguments, says=says)


@pytest.mark.parametrize(
    "arguments", [(), ("matvec",), ("encode", "--code", "none"), (*MATVEC, "--in-cache=x")]
)
def test_usage(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(list(arguments))
    assert raised.value.code == 2
