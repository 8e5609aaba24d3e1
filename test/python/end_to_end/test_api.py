# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The Python API."""

import importlib.metadata
from pathlib import Path

import pytest
from small_models import matmul_model, mixed_model, save_model, two_layer_model

import seedlm
from seedlm.compiler.pipeline import CompileOptions
from seedlm.passes.weight_plan import Selection


def test_names() -> None:
    assert seedlm.__all__ == sorted(seedlm.__all__)
    assert {"SeedlmError", "compile", "load", "plan"} <= set(seedlm.__all__)
    assert all(hasattr(seedlm, name) for name in seedlm.__all__)
    assert seedlm.__version__ == importlib.metadata.version("seedlm")
    assert issubclass(seedlm.SeedlmError, ValueError)


def test_commands() -> None:
    scripts = importlib.metadata.entry_points(group="console_scripts")
    mine = {script.name: script.load() for script in scripts if script.name.startswith("seedlm-")}
    assert set(mine) == {
        *("seedlm-compile", "seedlm-opt", "seedlm-inspect", "seedlm-eval", "seedlm-bench"),
        *("seedlm-fpga-plugin", "seedlm-fpga-report", "seedlm-fpga-simulate"),
    }
    assert all(callable(main) for main in mine.values())


def test_plan_is_what_compile_does(tmp_path: Path) -> None:
    model = save_model(mixed_model(), tmp_path / "model.onnx")
    options = CompileOptions(code="paper-3bit", selection=Selection(min_size=1, embeddings=True))
    planned = seedlm.plan(str(model), options)
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    done = seedlm.compile(str(model), str(tmp_path / "model.vmfb"), options)
    assert (planned.bytes_before, planned.bytes_after) == (done.bytes_before, done.bytes_after)
    for before, after in zip(planned.tensors, done.tensors, strict=True):
        assert (before.name, before.action, before.reason) == (
            after.name,
            after.action,
            after.reason,
        )
        assert before.bits_per_weight == after.bits_per_weight
        assert before.relative_error is None
    assert seedlm.plan(model).code == "seed-4bit"


def test_progress(tmp_path: Path) -> None:
    """It grows to the number of all elements that are encoded, tensor by tensor."""
    model = save_model(two_layer_model(), tmp_path / "model.onnx")
    calls: list[tuple[str, int, int]] = []
    seedlm.compile(model, tmp_path / "m.vmfb", progress=lambda *call: calls.append(call))
    assert list(dict.fromkeys(name for name, _, _ in calls)) == ["layer1.weight", "layer2.weight"]
    assert [done for _, done, _ in calls] == sorted(done for _, done, _ in calls)
    assert calls[-1] == ("layer2.weight", 2 * 64 * 128, 2 * 64 * 128)


def test_unknown_code(tmp_path: Path) -> None:
    model = save_model(matmul_model(), tmp_path / "model.onnx")
    with pytest.raises(seedlm.SeedlmError, match=r"model\.onnx: preset 'paper-5bit' is unknown"):
        seedlm.plan(model, CompileOptions(code="paper-5bit"))


@pytest.mark.parametrize("threads", [0, -3])
def test_threads(threads: int, tmp_path: Path) -> None:
    model = save_model(matmul_model(), tmp_path / "model.onnx")
    with pytest.raises(seedlm.SeedlmError, match=f"threads {threads}"):
        seedlm.compile(model, tmp_path / "m.vmfb", CompileOptions(threads=threads))
    assert not (tmp_path / "m.vmfb").exists()
