# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-compile --calibration."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import Workspace
from small_models import gaussian, matmul_model, save_model, tied_model, two_layer_model
from tokenizers import Tokenizer, models, pre_tokenizers

from seedlm import Statistics
from seedlm.codec import WeightStatistics


@pytest.fixture
def model(workspace: Workspace) -> Path:
    return save_model(two_layer_model(), workspace.folder / "model.onnx")


@pytest.fixture
def samples(workspace: Workspace) -> Path:
    sizes = np.geomspace(0.1, 10, 64).astype(np.float32)
    arrays = {f"x.{i}": gaussian(20 + i, 64, seed=i) * sizes for i in range(3)}
    np.savez(workspace.folder / "samples.npz", **arrays)
    return workspace.folder / "samples.npz"


@pytest.fixture
def statistics(workspace: Workspace) -> Path:
    """Statistics of the model's second weight only."""
    mean_squares = np.geomspace(0.1, 10, 128).astype(np.float32)
    weights = {"layer2.weight": WeightStatistics((128, 64), mean_squares, 5)}
    path = workspace.folder / "statistics.safetensors"
    Statistics(weights, 1).save(path)
    return path


def test_samples_of_arrays(workspace: Workspace, model: Path, samples: Path) -> None:
    report, saved = workspace.folder / "report.json", workspace.folder / "saved.safetensors"
    out = workspace.compiled(
        model, "--calibration", samples, "--save-calibration", saved, "--report", report
    )
    assert "2 fitted to activations, weighted error 0." in out
    assert "0 without statistics, fitted to weights" in out
    compressed = [t for t in json.loads(report.read_text())["tensors"] if t["use"]]
    assert all(tensor["activation_aware"] for tensor in compressed)
    assert compressed[0]["weighted_relative_error"] < compressed[0]["relative_error"]
    measured = Statistics.load(saved)
    assert (measured.samples, measured.weights["layer1.weight"].rows) == (3, 63)
    module = workspace.output.read_bytes()
    workspace.compiled(model, "--calibration", saved)
    assert workspace.output.read_bytes() == module
    assert not workspace.leftovers()


def test_samples_of_text(workspace: Workspace) -> None:
    words = {"[UNK]": 0} | {f"w{i}": i for i in range(1, 200)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(workspace.folder / "tokenizer.json"))
    model = save_model(tied_model(False), workspace.folder / "model.onnx")
    text, saved = workspace.folder / "text.txt", workspace.folder / "saved.safetensors"
    text.write_text(" ".join(f"w{i % 190}" for i in range(300)))
    options = ("--calibration", text, "--save-calibration", saved, "--calibration-length", "20")
    workspace.compiled(model, *options, "--calibration-samples", "4", "--dry-run")
    assert Statistics.load(saved).weights["table"].rows == 80
    (workspace.folder / "tokenizer.json").rename(workspace.folder / "other.json")
    workspace.refuses(model, *options, says=("tokenizer.json: no such file",))
    tokenizer = workspace.folder / "other.json"
    workspace.compiled(model, *options, "--tokenizer", tokenizer, "--dry-run")
    assert Statistics.load(saved).weights["table"].rows == 300


def test_what_has_no_statistics_is_free_of_data(
    workspace: Workspace, model: Path, statistics: Path
) -> None:
    plan = workspace.compiled(model, "--calibration", statistics, "--dry-run").splitlines()
    fitted = {words[0]: words[6] for words in map(str.split, plan) if "contraction" in words}
    assert fitted == {"layer1.weight": "weights", "layer2.weight": "activations"}
    report = workspace.folder / "report.html"
    out = workspace.compiled(model, "--calibration", statistics, "--report", report)
    assert "1 fitted to activations, weighted error 0." in out
    assert "; 1 without statistics, fitted to weights" in out
    assert "The codes of 1 tensors are" in report.read_text()
    lines = workspace.inspect(workspace.output).out.splitlines()
    assert lines[0].split()[6:8] == ["weighted", "error"]
    first, second = (len(line.split()) for line in lines[1:3])
    assert second == first + 1
    assert "1 fitted to activations" in "".join(lines)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--calibration", "samples.bin"), "--calibration {}/samples.bin: not one of .npz, .txt"),
        (("--calibration", "absent.npz"), "--calibration {}/absent.npz: no such file"),
        (("--save-calibration", "s.safetensors"), "--save-calibration needs --calibration"),
        (
            ("--calibration", "samples.npz", "--calibration-length", "0"),
            "--calibration-length 0: less than 1",
        ),
        (
            ("--calibration", "samples.npz", "--calibration-samples", "-3"),
            "--calibration-samples -3: less than 1",
        ),
        (
            ("--calibration", "samples.npz", "--save-calibration", "samples.npz"),
            "{}/samples.npz: would overwrite the input",
        ),
        (
            ("--calibration", "samples.npz", "--save-calibration", "no/where"),
            "no such folder: {}/no",
        ),
        (
            ("--calibration", "samples.npz", "--save-calibration", "out.vmfb"),
            "{}/out.vmfb: named for two outputs",
        ),
    ],
)
def test_bad_options(
    options: tuple[str, ...],
    says: str,
    workspace: Workspace,
    model: Path,
    samples: Path,
) -> None:
    files = [
        each if each.startswith("--") or each.lstrip("-").isdecimal() else workspace.folder / each
        for each in options
    ]
    (workspace.folder / "samples.bin").touch()
    workspace.refuses(model, *files, says=(says.format(workspace.folder),))


def test_samples_that_do_not_fit(workspace: Workspace, model: Path) -> None:
    file = workspace.folder / "samples.npz"
    np.savez(file, x=np.ones((2, 63), np.float32))
    says = f"{file}: sample 0: input 'x' (float32 ?x64) is given float32 [2, 63]"
    workspace.refuses(model, "--calibration", file, says=(says,))


def test_text_for_a_model_of_arrays(workspace: Workspace, model: Path) -> None:
    text = workspace.folder / "text.txt"
    text.write_text("some words")
    says = f"{text}: text cannot fill input 'x' (float32 ?x64); give samples as .npz"
    workspace.refuses(model, "--calibration", text, says=(says,))


def test_text_without_tokenizers(
    workspace: Workspace, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = workspace.folder / "text.txt"
    text.write_text("some words")
    monkeypatch.delitem(sys.modules, "seedlm.text", raising=False)
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    says = "text samples need tokenizers: pip install 'seedlm[text]'"
    workspace.refuses(model, "--calibration", text, says=(says,))


def test_statistics_of_another_model(workspace: Workspace, statistics: Path) -> None:
    other = save_model(two_layer_model(hidden=96), workspace.folder / "other.onnx")
    says = "statistics of another model: 'layer2.weight' is [128, 64], here [96, 64]"
    workspace.refuses(other, "--calibration", statistics, says=(f"{other}: ", says))
    single = save_model(matmul_model(), workspace.folder / "single.onnx")
    says = "statistics of another model: it has no tensor 'layer2.weight'"
    workspace.refuses(single, "--calibration", statistics, says=(says,))


def test_statistics_of_other_columns(workspace: Workspace, model: Path, statistics: Path) -> None:
    weights = {"layer2.weight": WeightStatistics((128, 64), np.ones(64, np.float32), 5)}
    Statistics(weights, 1).save(statistics)
    says = "layer2.weight: importance has shape [64], not [128]"
    workspace.refuses(model, "--calibration", statistics, says=(says,))


def test_damaged_statistics(workspace: Workspace, model: Path, statistics: Path) -> None:
    statistics.write_bytes(statistics.read_bytes()[:-1])
    says = f"{statistics}: not a whole safetensors file"
    workspace.refuses(model, "--calibration", statistics, says=(says,))
