# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reports of seedlm-compile as JSON and HTML."""

import hashlib
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import onnx
import pytest
from command_line import Workspace
from onnx import helper
from small_models import (
    FLOAT32,
    gaussian,
    graph_model,
    mixed_model,
    save_model,
    two_layer_model,
    weights_of,
)

from seedlm.codec import encode, preset


def json_report(workspace: Workspace, *arguments: str | Path) -> dict[str, Any]:
    report = workspace.folder / "report.json"
    workspace.compiled(*arguments, "--report", report)
    read: dict[str, Any] = json.loads(report.read_text())
    return read


def test_json(workspace: Workspace) -> None:
    model = two_layer_model()
    path = save_model(model, workspace.folder / "model.onnx")
    report = json_report(workspace, path, "--bits", "3")
    assert report["code"] == "seed-3bit"
    assert report["inputs"] == ["tensor<?x64xf32>"]
    weights = weights_of(model.proto)
    assert [tensor["name"] for tensor in report["tensors"]] == list(weights)
    for tensor in report["tensors"]:
        weight = weights[tensor["name"]]
        assert tensor["shape"] == list(weight.shape)
        assert tensor["dtype"] == "f32"
        assert tensor["bytes_before"] == weight.nbytes


def test_numbers_are_those_of_the_codec(workspace: Workspace) -> None:
    model = two_layer_model()
    path = save_model(model, workspace.folder / "model.onnx")
    tensor = json_report(workspace, path)["tensors"][0]
    encoded = encode(weights_of(model.proto)["layer1.weight"].T, preset("seed-4bit"))
    assert tensor["relative_error"] == encoded.relative_error
    assert tensor["bits_per_weight"] == encoded.bits_per_weight
    assert tensor["bytes_after"] == encoded.codes.nbytes + encoded.scale.nbytes
    content = encoded.codes.tobytes() + encoded.scale.tobytes()
    assert tensor["sha256"] == hashlib.sha256(content).hexdigest()


def test_bytes_add_up(workspace: Workspace) -> None:
    model = mixed_model()
    path = save_model(model, workspace.folder / "model.onnx")
    report = workspace.folder / "report.json"
    out = workspace.compiled(path, "--report", report)
    tensors = json.loads(report.read_text())["tensors"]
    weights = weights_of(model.proto)
    assert sum(t["bytes_before"] for t in tensors) == sum(w.nbytes for w in weights.values())
    dense = sum(w.nbytes for name, w in weights.items() if name != "layer1.weight")
    assert sum(t["bytes_after"] for t in tensors) == dense + 64 * 128 // 2 + 2 * 128
    assert "all tensors: 121.3 kB -> 92.9 kB" in out


class Tags(HTMLParser):
    """Counts tags, and keeps the text of table cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.counts: dict[str, int] = {}
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts[tag] = self.counts.get(tag, 0) + 1

    def handle_data(self, data: str) -> None:
        self.text.append(data.strip())


def test_html(workspace: Workspace) -> None:
    path = save_model(mixed_model(), workspace.folder / "model.onnx")
    report = workspace.folder / "report.html"
    workspace.compiled(path, "--report", report)
    tags = Tags(report.read_text())
    assert tags.counts["svg"] == 2
    assert tags.counts["tr"] == 1 + 5
    for text in ("layer1.weight", "64×128", "compressed", "rows are gathered", "4.250"):
        assert text in tags.text
    assert "script" not in tags.counts


def test_html_of_a_model_without_compressed_tensors(workspace: Workspace) -> None:
    path = save_model(mixed_model(), workspace.folder / "model.onnx")
    report = workspace.folder / "report.html"
    workspace.compiled(path, "--exclude", "*", "--report", report)
    assert "svg" not in Tags(report.read_text()).counts


def test_html_escapes_names(workspace: Workspace) -> None:
    name = "<script>alert(1)</script>"
    proto = graph_model(
        [helper.make_node("MatMul", ["x", name], ["y"])],
        {"x": ((4, 64), FLOAT32)},
        {"y": ((4, 96), FLOAT32)},
        {name: gaussian(64, 96)},
    )
    path, report = workspace.folder / "<b>model.onnx", workspace.folder / "report.html"
    onnx.save(proto, path)
    workspace.compiled(path, "--report", report)
    tags = Tags(report.read_text())
    assert {"script", "b"}.isdisjoint(tags.counts)
    assert name in tags.text


@pytest.mark.parametrize("suffix", [".json", ".html"])
def test_the_same_report_twice(suffix: str, workspace: Workspace) -> None:
    path = save_model(two_layer_model(), workspace.folder / "model.onnx")
    reports = [workspace.folder / f"{i}{suffix}" for i in range(2)]
    for report in reports:
        workspace.compiled(path, "--report", report)
    assert reports[0].read_bytes() == reports[1].read_bytes()
