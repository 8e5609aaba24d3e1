# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Targets and their flags."""

import pytest

from seedlm.compiler.targets import TARGETS, Target
from seedlm.errors import SeedlmError


def test_cpu() -> None:
    assert "--iree-llvmcpu-target-cpu=host" in Target().iree_flags()
    assert "--iree-llvmcpu-target-cpu=skylake" in Target("cpu", "skylake").iree_flags()


@pytest.mark.parametrize("name", [name for name in TARGETS if name != "cpu"])
def test_not_built(name: str) -> None:
    with pytest.raises(SeedlmError, match=f"target '{name}' is not built yet"):
        Target(name)


def test_unknown() -> None:
    with pytest.raises(SeedlmError, match="unknown target 'abacus', not one of cpu, vulkan, fpga"):
        Target("abacus")
