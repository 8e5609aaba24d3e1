# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-compile --code-for and --budget: a code for each tensor."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from command_line import Workspace
from judge import decoded
from onnx import helper
from small_models import FLOAT32, gaussian, graph_model, mixed_model, save_model, with_weights

import seedlm
from seedlm.codec import preset

NAMES = ("a.hard", "a.easy", "b.large")


def weights() -> dict[str, np.ndarray]:
    """Of equal size but the last; the easy one is of blocks that any code is good at."""
    easy = np.zeros((192, 192), np.float32)
    easy[::8] = gaussian(24, 192)
    return {"a.hard": gaussian(192, 192, seed=1), "a.easy": easy, "b.large": gaussian(192, 384)}


@pytest.fixture
def model(workspace: Workspace) -> Path:
    values = ["x", "h0", "h1", "y"]
    proto = graph_model(
        [
            helper.make_node("MatMul", [values[i], name], [values[i + 1]])
            for i, name in enumerate(NAMES)
        ],
        {"x": ((4, 192), FLOAT32)},
        {"y": ((4, 384), FLOAT32)},
        weights(),
    )
    path = workspace.folder / "model.onnx"
    onnx.save(proto, path)
    return path


def planned(workspace: Workspace, *arguments: str | Path) -> dict[str, str]:
    """The code of each tensor as a dry run says, "" of one without."""
    out = workspace.compile(*arguments, "--dry-run").out
    header, *rows, _ = out.splitlines()
    start, end = header.index("code"), header.index("bits")
    return {row.split()[0]: row[start:end].strip() for row in rows if row.strip()}


def reported(workspace: Workspace, *arguments: str | Path) -> dict[str, Any]:
    path = workspace.folder / "report.json"
    workspace.compiled(*arguments, "--report", path)
    report: dict[str, Any] = json.loads(path.read_text())
    return report


def average_bits(report: dict[str, Any]) -> float:
    chosen = [tensor for tensor in report["tensors"] if tensor["code"] is not None]
    elements = sum(np.prod(tensor["shape"]) for tensor in chosen)
    return float(sum(8 * tensor["bytes_after"] for tensor in chosen) / elements)


def test_first_pattern_counts(workspace: Workspace, model: Path) -> None:
    flags = ("--code-for", "a.hard=dense", "--code-for", "a.*=paper-3bit")
    expected = {"a.hard": "dense", "a.easy": "paper-3bit", "b.large": "seed-4bit"}
    assert planned(workspace, model, *flags) == expected
    report = reported(workspace, model, *flags, "--activations", "f32")
    assert {tensor["name"]: tensor["code"] for tensor in report["tensors"]} == expected
    assert report["code"] == "paper-3bit, seed-4bit"
    assert report["tensors"][0]["reason"] == "dense by choice"
    w = weights()
    x = gaussian(4, 192, seed=3)
    y = x @ w["a.hard"] @ decoded(w["a.easy"], (0,), "paper-3bit")
    y = y @ decoded(w["b.large"], (0,), "seed-4bit")
    np.testing.assert_allclose(seedlm.load(workspace.output)(x)[0], y, rtol=1e-3, atol=1e-2)


def test_code_for_besides_another_default(workspace: Workspace, model: Path) -> None:
    flags = ("--code", "paper-3bit", "--code-for", "b.*=paper-4bit")
    assert planned(workspace, model, *flags) == {
        "a.hard": "paper-3bit",
        "a.easy": "paper-3bit",
        "b.large": "paper-4bit",
    }


@pytest.mark.parametrize(
    ("pair", "says"),
    [
        ("c.*=paper-3bit", "pattern 'c.*' matches no tensor"),
        ("=paper-3bit", "pattern '' matches no tensor"),
        ("a.*=gold", "--code-for a.*=gold: preset 'gold' is unknown; known presets: paper-4bit"),
        ("a.*=", "--code-for a.*=: preset '' is unknown"),
        ("a.*", "--code-for a.*: not PATTERN=NAME"),
    ],
)
def test_wrong_code_for(pair: str, says: str, workspace: Workspace, model: Path) -> None:
    workspace.refuses(model, "--code-for", pair, says=(says,))


def test_tensors_that_cannot_be_compressed_have_no_code(workspace: Workspace) -> None:
    path = save_model(mixed_model(), workspace.folder / "model.onnx")
    codes = planned(workspace, path, "--code-for", "*=dense")
    assert {name for name, code in codes.items() if code == "dense"} == {"layer1.weight"}
    assert set(codes.values()) == {"dense", ""}


@pytest.mark.parametrize("bits", [3.5, 4.1])
def test_budget_is_kept_and_used(bits: float, workspace: Workspace, model: Path) -> None:
    flags = ("--budget", str(bits), "--budget-codes", "paper-4bit,paper-3bit")
    report = reported(workspace, model, *flags)
    assert {tensor["name"]: tensor["code"] for tensor in report["tensors"]} == planned(
        workspace, model, *flags
    )
    assert average_bits(report) <= bits
    # What is left does not suffice for 4 bits in one of the two smaller tensors.
    assert average_bits(report) > min(bits - 0.3, 4)


def test_budget_goes_to_the_greatest_errors(workspace: Workspace, model: Path) -> None:
    """With bits for one of the two small tensors, the hard one gets them."""
    flags = ("--budget", "3.26", "--budget-codes", "paper-3bit,paper-4bit")
    assert planned(workspace, model, *flags) == {
        "a.hard": "paper-4bit",
        "a.easy": "paper-3bit",
        "b.large": "paper-3bit",
    }


def test_default_codes_of_a_budget(workspace: Workspace, model: Path) -> None:
    codes = planned(workspace, model, "--budget", "8")
    assert len(set(codes.values())) == 1
    assert codes["a.hard"].startswith("seed-")
    least = planned(workspace, model, "--budget", "3.6")
    bits = {name: preset(code).bits_per_weight for name, code in least.items()}
    assert min(bits.values()) == 3


def test_dense_within_a_budget(workspace: Workspace, model: Path) -> None:
    """The hard tensor has the most error for its size, and 32 bits buy all of it."""
    flags = ("--budget", "11.1", "--budget-codes", "paper-4bit,dense")
    report = reported(workspace, model, *flags)
    codes = {tensor["name"]: tensor["code"] for tensor in report["tensors"]}
    assert codes == {"a.hard": "dense", "a.easy": "paper-4bit", "b.large": "paper-4bit"}
    assert report["tensors"][0]["reason"] == "dense within the budget"
    assert 10 < average_bits(report) <= 11.1


def test_budget_counts_tensors_with_a_code_of_their_own(workspace: Workspace, model: Path) -> None:
    codes = ("--budget-codes", "paper-3bit,paper-4bit")
    flags = ("--budget", "3.6", *codes, "--code-for", "b.*=paper-4bit")
    report = reported(workspace, model, *flags)
    assert report["tensors"][2]["code"] == "paper-4bit"
    assert average_bits(report) <= 3.6
    flags = ("--budget", "3.4", *codes, "--code-for", "b.*=paper-4bit")
    workspace.refuses(model, *flags, says=("budget 3.4: at least 3.5", "bits a weight are needed"))


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_budget_below_the_least(dry: tuple[str, ...], workspace: Workspace, model: Path) -> None:
    flags = ("--budget", "2.9", "--budget-codes", "paper-4bit,paper-3bit", *dry)
    says = (f"{model}: budget 2.9: at least 3.0", "are needed with paper-4bit, paper-3bit")
    workspace.refuses(model, *flags, says=says)


@pytest.mark.parametrize("bits", ["0", "-1", "nan", "inf"])
def test_budget_that_is_no_number_of_bits(bits: str, workspace: Workspace, model: Path) -> None:
    says = (f"budget {bits} is not a positive number of bits",)
    workspace.refuses(model, f"--budget={bits}", says=says)


@pytest.mark.parametrize(
    ("names", "says"),
    [("", "budget without a code"), (",", "budget without a code"), ("gold", "preset 'gold'")],
)
def test_wrong_budget_codes(names: str, says: str, workspace: Workspace, model: Path) -> None:
    workspace.refuses(model, "--budget", "4", f"--budget-codes={names}", says=(says,))


def test_weight_that_is_no_number(workspace: Workspace, model: Path) -> None:
    bad = weights()["b.large"]
    bad[7] = np.nan
    path = workspace.folder / "bad.onnx"
    onnx.save(with_weights(onnx.load(model), {"b.large": bad}), path)
    says = (f"{path}: b.large: weights[0, 7] is nan",)
    workspace.refuses(path, "--budget", "4", "--dry-run", says=says)


def test_budget_codes_without_a_budget(workspace: Workspace, model: Path) -> None:
    workspace.refuses(model, "--budget-codes", "seed-4bit", says=("needs --budget",))


def test_budget_with_nothing_to_compress(workspace: Workspace, model: Path) -> None:
    out = workspace.compiled(model, "--exclude", "*", "--budget", "1")
    assert out.startswith("0 of 3 tensors compressed")


@pytest.mark.parametrize("flags", [("--bits", "3"), ("--code", "seed-4bit")])
def test_budget_chooses_alone(flags: tuple[str, ...], workspace: Workspace, model: Path) -> None:
    with pytest.raises(SystemExit) as exit_:
        workspace.compile(model, "--budget", "4", *flags)
    assert exit_.value.code == 2


def test_summary_and_page_say_it(workspace: Workspace, model: Path) -> None:
    report = workspace.folder / "report.html"
    out = workspace.compiled(model, "--code-for", "a.*=paper-3bit", "--report", report)
    assert "3 of 3 tensors compressed with paper-3bit, seed-4bit: " in out
    assert re.search(r"3\.\d+ on average", out)
    page = report.read_text()
    assert "<td>paper-3bit" in page
    assert "weight on average" in page
    shown = workspace.inspect(workspace.output).out
    assert "paper-3bit" in shown


def test_python_api(workspace: Workspace, model: Path) -> None:
    options = seedlm.CompileOptions(
        code_for=(("a.hard", "paper-3bit"),),
        budget=seedlm.Budget(4.2, ("paper-3bit", "paper-4bit")),
    )
    report = seedlm.plan(model, options)
    assert [tensor.code for tensor in report.tensors] == ["paper-3bit", "paper-4bit", "paper-4bit"]
    assert report.bits_per_weight is not None
    assert 3.7 < report.bits_per_weight <= 4.2
    with pytest.raises(seedlm.SeedlmError, match="budget -2 is not"):
        seedlm.Budget(-2)
    with pytest.raises(seedlm.SeedlmError, match=r"model\.onnx: code for 'a\*': preset 'x'"):
        seedlm.plan(model, seedlm.CompileOptions(code_for=(("a*", "x"),)))
