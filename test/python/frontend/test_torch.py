# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""PyTorch programs compute what the same modules do in eager mode with decoded weights."""

import copy
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt
import pytest
import torch
from judge import CODES, assert_equal, decoded
from torch import nn

import seedlm
from seedlm.compiler.pipeline import CompileOptions
from seedlm.compiler.report import Report
from seedlm.passes.weight_plan import Selection

Array = npt.NDArray[Any]


class Tied(nn.Module):
    """An embedding whose table is the weight of the head."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(200, 64)
        self.head = nn.Linear(64, 200, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.head(torch.tanh(self.embedding(ids)))


class Buffers(nn.Module):
    """A weight that is a buffer, and one that is not saved with the parameters."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        self.register_buffer("kept", torch.randn(64, 96, generator=generator))
        self.register_buffer("unkept", torch.randn(96, 64, generator=generator), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.kept @ self.unkept


class Residual(nn.Module):
    """Layers in a container, with names that have dots and digits."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(64, 64) for _ in range(2)])
        self.norm = nn.LayerNorm(64)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = x + torch.relu(layer(self.norm(x)))
        return x


@dataclass(frozen=True)
class Program:
    """A module, its inputs, which of its dimensions are dynamic, and what is compressed."""

    module: Callable[[], nn.Module]
    inputs: tuple[torch.Tensor, ...]
    columns: dict[str, tuple[int, ...]]
    dynamic: tuple[dict[int, torch.export.Dim], ...] | None = None
    selection: Selection = field(default_factory=Selection)
    dtype: torch.dtype = torch.float32
    tolerance: float = 1e-5


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


IDS = torch.tensor([[5, 199, 0, 7]])
BATCH = torch.export.Dim("batch", min=2, max=64)
PROGRAMS = {
    "Linear": Program(lambda: nn.Linear(64, 96), (normal(4, 64),), {"weight": (1,)}),
    "odd sizes": Program(lambda: nn.Linear(77, 61), (normal(4, 77),), {"weight": (1,)}),
    "3-D": Program(lambda: nn.Linear(64, 96), (normal(2, 3, 64),), {"weight": (1,)}),
    "vector": Program(lambda: nn.Linear(64, 96), (normal(64),), {"weight": (1,)}),
    "dynamic batch": Program(
        lambda: nn.Linear(64, 96), (normal(5, 64),), {"weight": (1,)}, ({0: BATCH},)
    ),
    "dynamic sequence": Program(
        lambda: nn.Linear(64, 96), (normal(2, 5, 64),), {"weight": (1,)}, ({1: BATCH},)
    ),
    "Conv2d": Program(
        lambda: nn.Conv2d(16, 32, 3, stride=2, padding=1),
        (normal(1, 16, 12, 12),),
        {"weight": (1, 2, 3)},
    ),
    "buffers": Program(Buffers, (normal(4, 64),), {"kept": (0,), "unkept": (0,)}),
    "containers": Program(
        Residual, (normal(4, 64),), {"layers.0.weight": (1,), "layers.1.weight": (1,)}
    ),
    "float16": Program(
        lambda: nn.Linear(64, 96),
        (normal(4, 64),),
        {"weight": (1,)},
        dtype=torch.float16,
        tolerance=2e-3,
    ),
    "bfloat16": Program(
        lambda: nn.Linear(64, 96),
        (normal(4, 64),),
        {"weight": (1,)},
        dtype=torch.bfloat16,
        tolerance=2e-2,
    ),
}

CASES = [*((name, 4) for name in PROGRAMS), ("odd sizes", 3), ("dynamic batch", 3)]


def compile_program(program: Program, module: nn.Module, folder: Path, bits: int) -> Report:
    inputs = tuple(cast(each, program.dtype) for each in program.inputs)
    exported = torch.export.export(module, inputs, dynamic_shapes=program.dynamic)
    torch.export.save(exported, folder / "model.pt2")
    options = CompileOptions(code=CODES[bits], selection=program.selection, activations="f32")
    return seedlm.compile(folder / "model.pt2", folder / "model.vmfb", options)


def cast(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


def to_numpy(tensor: torch.Tensor) -> Array:
    if tensor.dtype == torch.bfloat16:
        return tensor.detach().view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    array: Array = tensor.detach().numpy()
    return array


def with_decoded(module: nn.Module, columns: dict[str, tuple[int, ...]], code: str) -> nn.Module:
    """Returns a copy of `module` with the tensors that `columns` names as their codes say."""
    changed = copy.deepcopy(module)
    tensors = dict(changed.named_parameters()) | dict(changed.named_buffers())
    with torch.no_grad():
        for name, dims in columns.items():
            wide = decoded(to_numpy(tensors[name]), dims, code).astype(np.float32)
            tensors[name].copy_(torch.from_numpy(wide))
    return changed


@pytest.mark.parametrize(("name", "bits"), CASES)
def test_equals_decoded_weights(name: str, bits: int, tmp_path: Path) -> None:
    program = PROGRAMS[name]
    torch.manual_seed(0)
    module = program.module().eval().to(program.dtype)
    report = compile_program(program, module, tmp_path, bits)
    assert {tensor.name for tensor in report.compressed} == set(program.columns)
    inputs = [cast(each, program.dtype) for each in program.inputs]
    with torch.no_grad():
        expected = to_numpy(with_decoded(module, program.columns, CODES[bits])(*inputs))
    actual = seedlm.load(tmp_path / "model.vmfb")(*map(to_numpy, inputs))
    assert_equal(actual, [expected], program.tolerance)


@pytest.mark.parametrize("embeddings", [False, True])
def test_tied_weights(embeddings: bool, tmp_path: Path) -> None:
    """The program has the tensor once; without the embedding, the head alone reads codes."""
    torch.manual_seed(0)
    module = Tied().eval()
    columns = {"embedding.weight": (1,)}
    program = Program(Tied, (IDS,), columns, selection=Selection(embeddings=embeddings))
    report = compile_program(program, module, tmp_path, 4)
    (tensor,) = [each for each in report.tensors if each.shape == [200, 64]]
    assert tensor.action == ("compressed" if embeddings else "both")
    changed = with_decoded(module, columns, CODES[4])
    assert isinstance(changed, Tied)
    table = changed if embeddings else module
    with torch.no_grad():
        expected = changed.head(torch.tanh(table.embedding(IDS)))
    (actual,) = seedlm.load(tmp_path / "model.vmfb")(IDS.numpy())
    assert_equal([actual], [to_numpy(expected)], 1e-5)


def test_state_that_the_program_writes_is_refused_or_right(tmp_path: Path) -> None:
    """A counter that forward() advances is no constant."""

    class Counter(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(64, 96)
            self.register_buffer("calls", torch.zeros(1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.calls += 1
            return self.linear(x) + self.calls

    program = Program(Counter, (normal(4, 64),), {})
    with pytest.raises(seedlm.SeedlmError, match=r"model\.pt2: "):
        compile_program(program, Counter(), tmp_path, 4)


def test_operator_that_the_importer_does_not_know(tmp_path: Path) -> None:
    class Unknown(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.linalg.svd(x).S

    with pytest.raises(seedlm.SeedlmError, match=r"model\.pt2: .*svd") as error:
        compile_program(Program(Unknown, (normal(4, 4),), {}), Unknown(), tmp_path, 4)
    assert len(str(error.value).splitlines()) == 1


def test_without_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wheel does not need torch, but importing .pt2 files does."""
    monkeypatch.delitem(sys.modules, "seedlm.frontend.torch", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    (tmp_path / "model.pt2").write_bytes(b"x")
    with pytest.raises(seedlm.SeedlmError, match=r"needs PyTorch: pip install 'seedlm\[torch\]'"):
        seedlm.plan(tmp_path / "model.pt2")
