# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-compile --verify: the compiled module against the original."""

import re
from pathlib import Path

import numpy as np
import pytest
from command_line import Workspace
from small_models import mixed_model, save_external, save_model, tied_model, two_layer_model

_LINE = re.compile(
    r"output (\d+): cosine ([\d.]+), max error ([\d.e+-]+) \(largest value ([\d.e+-]+)\)"
)


@pytest.fixture
def model(workspace: Workspace) -> Path:
    return save_model(two_layer_model(), workspace.folder / "model.onnx")


def comparisons(out: str) -> list[tuple[float, float, float]]:
    """Cosine, largest error and largest value of each output, in order."""
    found = _LINE.findall(out)
    assert [int(index) for index, *_ in found] == list(range(len(found)))
    return [(float(cosine), float(error), float(value)) for _, cosine, error, value in found]


@pytest.mark.parametrize("bits", ["4", "3"])
def test_random_inputs(bits: str, workspace: Workspace, model: Path) -> None:
    out = workspace.compiled(model, "--verify", "3", "--bits", bits)
    ((cosine, error, value),) = comparisons(out)
    assert {"4": 0.97, "3": 0.9}[bits] < cosine < 1
    assert 0 < error < value


def test_same_numbers_twice(workspace: Workspace, model: Path) -> None:
    first, second = (workspace.compiled(model, "--verify", "2") for _ in range(2))
    assert comparisons(first) == comparisons(second)


def test_given_input(workspace: Workspace, model: Path) -> None:
    sample = workspace.folder / "zeros.npy"
    np.save(sample, np.zeros((2, 64), np.float32))
    ((cosine, error, value),) = comparisons(workspace.compiled(model, "--input", sample))
    assert 0.97 < cosine < 1  # the biases alone
    assert 0 < error < value


def test_nothing_compressed_is_the_original(workspace: Workspace, model: Path) -> None:
    out = workspace.compiled(model, "--exclude", "*", "--verify", "1")
    assert comparisons(out)[0][:2] == (1, 0)


def test_several_outputs(workspace: Workspace) -> None:
    model = save_model(tied_model(embeddings=False), workspace.folder / "model.onnx")
    embedding, logits = comparisons(
        workspace.compiled(model, "--compress-embeddings", "--verify", "1")
    )
    assert embedding[0] > 0.98
    assert logits[0] > 0.95


def test_integers_and_external_data(workspace: Workspace) -> None:
    model = save_external(mixed_model().proto, workspace.folder / "model.onnx")
    flags = ("--params", workspace.archive, "--verify", "1")
    assert comparisons(workspace.compiled(model, *flags))[0][0] > 0.98
