# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-bench matvec on a Vulkan device; each engine checks its products before it is timed."""

import json
from pathlib import Path

import pytest

from seedlm.bench.engine import Unavailable, prepare_checked
from seedlm.bench.engines.vulkan_codes import VulkanCodes
from seedlm.bench.matvec import STREAM, all_engines
from seedlm.bench.workload import Workload
from seedlm.codec import PRESETS
from seedlm.devices import device_name
from seedlm.tools.bench import main

SMALL = Workload(rows=70, columns=384, batch=3, distinct_bytes=30_000, device="vulkan")


@pytest.mark.parametrize("engine", all_engines(PRESETS, "vulkan"), ids=lambda engine: engine.name)
def test_products_are_right(engine: VulkanCodes) -> None:
    prepared = prepare_checked(engine, SMALL)
    assert prepared.products == SMALL.matrices(prepared.matrix_bytes)


def test_columns_that_fill_no_group() -> None:
    with pytest.raises(Unavailable, match="100 columns are no multiple of 8"):
        VulkanCodes("paper-4bit").prepare(Workload(rows=64, columns=100, device="vulkan"))


def test_tool(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["seedlm/seed-4bit", "seedlm/seed-4bit+portable", "iree/f16", STREAM]
    workload = ["matvec", "--shape", "128x256", "--in-cache", "--rounds", "1"]
    only = [f"--only={name}" for name in names]
    file = tmp_path / "out.json"
    assert main([*workload, "--device", "vulkan", *only, "--json", str(file)]) == 0
    assert not capsys.readouterr().err
    records = json.loads(file.read_text())
    assert [each["name"] for each in records] == names
    for each in records:
        assert (each["device"], each["processor"]) == ("vulkan", device_name("vulkan"))
        assert each["ms"] > 0
