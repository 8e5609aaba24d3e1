# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-eval as a user runs it: its table, its files, and all that it refuses."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from command_line import Completed, assert_one_line
from tiny_models import words

from seedlm.codec import Statistics, WeightStatistics
from seedlm.evaluation.models import load_model
from seedlm.tools import eval as eval_tool

TEXT = words(60)


class Tool:
    """Runs the tool in a folder that has a text."""

    def __init__(self, folder: Path, model: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.model = model
        self.text = folder / "text.txt"
        self.text.write_text(TEXT)
        self._capture = capture

    def run(self, *arguments: str | Path) -> Completed:
        own = [] if "--text" in arguments else ["--text", self.text]
        given = [str(each) for each in (self.model, *own, *arguments)]
        self._capture.readouterr()
        code = eval_tool.main(given)
        return Completed(code, *self._capture.readouterr())

    def printed(self, *arguments: str | Path) -> list[list[str]]:
        """The words of each line of the table."""
        done = self.run(*arguments)
        assert (done.code, done.err) == (0, "")
        return [line.split() for line in done.out.splitlines()]

    def refuses(self, *arguments: str | Path, says: str) -> None:
        before = sorted(self.folder.rglob("*"))
        assert_one_line(self.run(*arguments), "seedlm-eval", says)
        assert sorted(self.folder.rglob("*")) == before


@pytest.fixture
def tool(causal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Tool:
    return Tool(tmp_path, causal, capsys)


@pytest.fixture
def statistics(causal: Path, tmp_path: Path) -> Path:
    weights = {
        name: WeightStatistics((1, layer.in_features), np.ones(layer.in_features, np.float32), 1)
        for name, layer in load_model(causal).linears.items()
    }
    Statistics(weights, 1).save(tmp_path / "statistics.safetensors")
    return tmp_path / "statistics.safetensors"


def json_of(tool: Tool, *arguments: str | Path) -> dict[str, Any]:
    tool.printed(*arguments, "--json", tool.folder / "out.json")
    read: dict[str, Any] = json.loads((tool.folder / "out.json").read_text())
    return read


def test_table(tool: Tool) -> None:
    header, original, *rows = tool.printed("--format", "mxfp4,rtn4-g32", "--format", "rtn4-g128")
    assert " ".join(header) == "format bits error perplexity KL (nats) top-1 encode (s)"
    assert [original[0], *original[2:]] == ["original", "0.0000", "100.0", "%"]
    assert [row[:2] for row in rows] == [
        ["mxfp4", "4.250"],
        ["rtn4-g32", "4.500"],
        ["rtn4-g128", "4.450"],
    ]


def test_table_of_an_embedding_model(
    embedding: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tool = Tool(tmp_path, embedding, capsys)
    plot = tmp_path / "plot.svg"
    header, original, row = tool.printed("--format", "rtn4-g32", "--plot", plot)
    assert header == ["format", "bits", "error", "cosine", "encode", "(s)"]
    assert original == ["original", "1.0000"]
    assert row[:2] == ["rtn4-g32", "4.500"]
    assert ElementTree.parse(plot).getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_json(tool: Tool) -> None:
    report = json_of(tool, "--format", "rtn4-g32", "--tokens", "40", "--context", "16")
    assert report["model"] == tool.model.name
    assert report["kind"] == "causal"
    assert report["text_sha256"] == hashlib.sha256(TEXT.encode()).hexdigest()
    assert (report["tokens"], report["context"], report["search"]) == (40, 16, "fast")
    assert report["versions"].keys() == {"seedlm", "numpy", "torch", "transformers"}
    original, coded = report["results"]
    assert original["format"] == "original"
    assert original["bits_per_weight"] is None
    assert coded["scores"].keys() == {"perplexity", "kl", "top1"}
    assert coded["scores"]["kl"] > 0
    assert [tensor["shape"] for tensor in coded["tensors"]][-1] == [32, 64]
    errors = [tensor["relative_error"] for tensor in coded["tensors"]]
    assert min(errors) < coded["relative_error"] < max(errors)


def test_selection(tool: Tool) -> None:
    report = json_of(tool, "--format", "mxfp4", "--include", "*mlp*", "--exclude", "*up*")
    names = [tensor["name"].split(".")[-2] for tensor in report["results"][1]["tensors"]]
    assert names == ["gate_proj", "down_proj"]


@pytest.mark.parametrize(("suffix", "start"), [("png", b"\x89PNG"), ("svg", b"<svg")])
def test_plots(suffix: str, start: bytes, tool: Tool) -> None:
    path = tool.folder / f"plot.{suffix}"
    tool.printed("--format", "mxfp4,rtn4-g32", "--plot", path)
    assert path.read_bytes().startswith(start)


def test_html(tool: Tool) -> None:
    path = tool.folder / "plot.html"
    tool.printed("--format", "mxfp4,rtn4-g32", "--plot", path)
    page = path.read_text()
    assert page.count("<svg") == 1
    for said in ("<td>mxfp4", "<td>rtn4-g32", "<th>perplexity", tool.model.name):
        assert said in page


def test_codes_with_statistics(tool: Tool, statistics: Path) -> None:
    flags = ("--search", "exhaustive", "-j", "1", "--include", "*k_proj*")
    formats = ("--format", "paper-3bit,paper-3bit+aa")
    rows = tool.printed(*formats, *flags, "--calibration", statistics)[2:]
    assert [row[0] for row in rows] == ["paper-3bit", "paper-3bit+aa"]
    assert rows[0][1:5] == rows[1][1:5]  # equal importances change nothing


def test_calibration_by_text_can_be_saved(tool: Tool) -> None:
    sample, saved = tool.folder / "sample.txt", tool.folder / "saved.safetensors"
    sample.write_text(words(70, seed=1))
    flags = ("--format", "paper-3bit+aa", "--search", "exhaustive", "--include", "*k_proj*")
    text = ("--calibration", sample, "--calibration-tokens", "64", "--context", "32")
    first = tool.printed(*flags, *text, "--save-calibration", saved)
    again = tool.printed(*flags, "--calibration", saved, "--context", "32")
    assert [row[:6] for row in first] == [row[:6] for row in again]
    assert Statistics.load(saved).samples == 2


def test_wrong_flags(tool: Tool, statistics: Path) -> None:
    tool.refuses("--format", "int4", says="unknown format 'int4', not one of paper-4bit, ")
    tool.refuses("--format", ",", says="no format given")
    tool.refuses("-j", "0", says="-j 0: less than 1")
    tool.refuses("--tokens", "-5", says="--tokens -5: less than 1")
    tool.refuses("--calibration-tokens", "0", says="--calibration-tokens 0: less than 1")
    tool.refuses("--context", "1", says="context 1 is not in 2..64")
    tool.refuses("--include", "conv", says="pattern 'conv' matches no weight of a linear layer")
    tool.refuses("--format", "seed-4bit+aa", says="activation-aware formats need --calibration")
    tool.refuses("--calibration", statistics, says="--calibration is of no use: no format has +aa")


def test_wrong_texts(tool: Tool) -> None:
    missing, empty = tool.folder / "missing.txt", tool.folder / "empty.txt"
    empty.touch()
    binary = tool.folder / "binary.txt"
    binary.write_bytes(b"\xff\xfe\x00")
    tool.refuses("--text", missing, says=f"{missing}: No such file or directory")
    tool.refuses("--text", tool.folder, says=f"{tool.folder}: Is a directory")
    tool.refuses("--text", binary, says=f"{binary}: not a text file")
    tool.refuses("--text", empty, says="the text has fewer than two tokens")


def test_wrong_calibration(tool: Tool, statistics: Path) -> None:
    flags = ("--format", "paper-4bit+aa", "--calibration")
    missing, damaged = tool.folder / "missing", tool.folder / "damaged.safetensors"
    damaged.write_bytes(b"half")
    tool.refuses(*flags, f"{missing}.txt", says=f"{missing}.txt: No such file")
    tool.refuses(*flags, f"{missing}.safetensors", says=f"{missing}.safetensors: No such file")
    tool.refuses(*flags, damaged, says=f"{damaged}: not a whole safetensors file")
    tool.refuses(*flags, tool.text, says="text to evaluate on must not be calibrated on")
    saving = ("--save-calibration", tool.folder / "out.safetensors")
    tool.refuses(*flags, statistics, *saving, says="--save-calibration needs a text")
    tool.refuses(*saving, says="--save-calibration needs a text")
    Statistics({}, 1).save(statistics)
    tool.refuses(*flags, statistics, says="calibration: no statistics of 'model.layers.0.")
    (tool.folder / "short.txt").write_text("w1")
    tool.refuses(*flags, tool.folder / "short.txt", says="text has fewer than two tokens")


def test_wrong_outputs(tool: Tool) -> None:
    for flag in ("--json", "--plot"):
        tool.refuses(flag, tool.folder / "no" / "out.svg", says="no such folder")
    tool.refuses("--plot", tool.folder / "out.pdf", says="out.pdf: a plot is .png, .svg or .html")
    tool.refuses("--json", tool.text, says="would overwrite the input")
    same = tool.folder / "out.html"
    tool.refuses("--json", same, "--plot", same, says="named for two outputs")


def test_no_model(tool: Tool) -> None:
    tool.model = tool.folder / "missing"
    tool.refuses(says=f"{tool.model}: no such file or folder")
    tool.model = tool.text
    tool.refuses(says="neither a Hugging Face folder with config.json nor a .gguf file")


@pytest.mark.parametrize("module", ["torch", "transformers"])
def test_without_the_extra(module: str, tool: Tool) -> None:
    program = (
        f"import sys; sys.modules['{module}'] = None\n"
        "from seedlm.tools.eval import main\n"
        "sys.exit(main())"
    )
    command = [sys.executable, "-c", program, str(tool.model), "--text", str(tool.text)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    result = Completed(done.returncode, done.stdout, done.stderr)
    says = "evaluating models needs PyTorch and transformers: pip install 'seedlm[eval]'"
    assert_one_line(result, "seedlm-eval", says)
