# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What seedlm-compile compresses, and what it says of that beforehand."""

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import Workspace
from small_models import (
    also_elementwise_model,
    conv_model,
    mixed_model,
    save_model,
    tied_model,
    two_layer_model,
    weights_of,
)

REASONS = {
    "table": "rows are gathered",
    "layer1.weight": "",
    "layer1.bias": "not a matrix",
    "factors": "used by linalg.generic",
    "layer2.weight": "fewer than 4096 elements",
}


@pytest.fixture
def model(workspace: Workspace) -> Path:
    return save_model(mixed_model(), workspace.folder / "model.onnx")


def plan(workspace: Workspace, *arguments: str | Path) -> dict[str, str]:
    """What a dry run says of each tensor: "compressed", or why it is dense."""
    result = workspace.compile(*arguments, "--dry-run")
    assert (result.code, result.err) == (0, "")
    header, *rows, _ = result.out.splitlines()
    action, why = header.index("action"), header.index("why dense")
    return {
        row.split()[0]: row[why:].strip() or row[action:].split()[0] for row in rows if row.strip()
    }


def compiled_tensors(workspace: Workspace, *arguments: str | Path) -> dict[str, dict[str, Any]]:
    """What the report of a compilation says of each tensor."""
    report = workspace.folder / "report.json"
    workspace.compiled(*arguments, "--report", report)
    return {tensor["name"]: tensor for tensor in json.loads(report.read_text())["tensors"]}


def compressed(workspace: Workspace, *arguments: str | Path) -> set[str]:
    said = plan(workspace, *arguments)
    return {name for name, reason in said.items() if reason == "compressed"}


def test_dry_run_names_every_tensor_and_writes_nothing(workspace: Workspace, model: Path) -> None:
    before = workspace.contents()
    report = workspace.folder / "report.json"
    said = plan(workspace, model, "-o", workspace.output, "--report", report)
    assert said == {name: reason or "compressed" for name, reason in REASONS.items()}
    assert workspace.contents() == before
    assert not workspace.leftovers()


def test_dry_run_shows_shape_type_and_bits(workspace: Workspace, model: Path) -> None:
    out = workspace.compile(model, "--dry-run", "--bits", "3").out
    row = next(line.split() for line in out.splitlines() if line.startswith("layer1.weight"))
    assert row == [
        *("layer1.weight", "64x128", "f32", "compressed", "seed-3bit", "3.250"),
        *("weights", "contraction"),
    ]
    assert out.splitlines()[-1].startswith("1 of 5 tensors would be compressed with seed-3bit")


def test_compilation_does_what_the_dry_run_said(workspace: Workspace, model: Path) -> None:
    done = compiled_tensors(workspace, model)
    assert {name: tensor["reason"] for name, tensor in done.items()} == REASONS
    shapes = {name: list(array.shape) for name, array in weights_of(mixed_model().proto).items()}
    assert {name: tensor["shape"] for name, tensor in done.items()} == shapes


def test_min_size(workspace: Workspace, model: Path) -> None:
    assert compressed(workspace, model, "--min-size", "8192") == {"layer1.weight"}
    assert compressed(workspace, model, "--min-size", "8193") == set()


def test_padding_to_whole_tiles(workspace: Workspace, model: Path) -> None:
    """Eight rows are stored as 64: as many bits as eight rows of f32."""
    tensor = compiled_tensors(workspace, model, "--min-size", "1")["layer2.weight"]
    assert (tensor["action"], tensor["reason"]) == (
        "dense",
        "codes of 8 x 128 would not be smaller",
    )
    tensor = compiled_tensors(workspace, model, "--min-size", "1", "--bits", "3")["layer2.weight"]
    assert tensor["bytes_after"] == 64 * 48 + 2 * 8  # 128 inputs are 16 blocks of 24 bits


def test_embeddings(workspace: Workspace, model: Path) -> None:
    both = {"layer1.weight", "table"}
    assert compressed(workspace, model, "--compress-embeddings") == both


def test_include_and_exclude(workspace: Workspace) -> None:
    model = save_model(two_layer_model(), workspace.folder / "model.onnx")
    assert compressed(workspace, model, "--include", "layer2.*") == {"layer2.weight"}
    assert compressed(workspace, model, "--include", "layer?.weight") == {
        "layer1.weight",
        "layer2.weight",
    }
    two = ("--include", "layer1.*", "--include", "layer2.*")
    assert compressed(workspace, model, *two) == {"layer1.weight", "layer2.weight"}
    assert compressed(workspace, model, *two, "--exclude", "*1*") == {"layer2.weight"}
    assert compressed(workspace, model, "--exclude", "*") == set()
    said = plan(workspace, model, "--include", "layer1.*", "--exclude", "*.bias")
    assert said["layer2.weight"] == "not included"
    assert said["layer1.bias"] == "excluded by '*.bias'"


@pytest.mark.parametrize("flag", ["--include", "--exclude"])
@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
@pytest.mark.parametrize("pattern", ["layer3.*", "Layer1.weight", ""])
def test_pattern_that_matches_nothing(
    flag: str, dry: tuple[str, ...], pattern: str, workspace: Workspace, model: Path
) -> None:
    says = (f"{model}: pattern '{pattern}' matches no tensor",)
    workspace.refuses(model, flag, pattern, *dry, says=says)


def test_nothing_to_compress_compiles(workspace: Workspace, model: Path) -> None:
    out = workspace.compiled(model, "--exclude", "*")
    assert out.startswith("0 of 5 tensors compressed")


@pytest.mark.parametrize("bits", [4, 3])
def test_bits(bits: int, workspace: Workspace, model: Path) -> None:
    tensor = compiled_tensors(workspace, model, "--bits", str(bits))["layer1.weight"]
    assert tensor["bytes_after"] == 64 * 128 * bits // 8 + 2 * 128  # a scale for each of 128 rows


def test_a_use_that_needs_the_dense_weight(workspace: Workspace) -> None:
    model = save_model(also_elementwise_model(), workspace.folder / "model.onnx")
    tensor = compiled_tensors(workspace, model)["w"]
    assert (tensor["action"], tensor["reason"]) == ("both", "used by linalg.generic")
    assert (
        tensor["bytes_after"] == tensor["bytes_before"] + 128 * 80 // 2 + 2 * 80
    )  # tiles of 64 rows


def test_tied_embedding(workspace: Workspace) -> None:
    model = save_model(tied_model(embeddings=False), workspace.folder / "model.onnx")
    assert plan(workspace, model) == {"table": "rows are gathered"}
    assert compressed(workspace, model, "--compress-embeddings") == {"table"}


@pytest.mark.parametrize(
    ("group", "channels", "reason"),
    [(32, 32, "depthwise convolution"), (2, 64, "used by tensor.expand_shape")],
)
def test_grouped_convolution_stays_dense(
    group: int, channels: int, reason: str, workspace: Workspace
) -> None:
    model = conv_model((5, 5), channels=channels, filters=channels, group=group)
    path = save_model(model, workspace.folder / "model.onnx")
    assert plan(workspace, path, "--min-size", "1")["w"] == reason
