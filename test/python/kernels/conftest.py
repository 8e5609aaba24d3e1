# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from collections.abc import Callable
from functools import cache

import pytest
from kernel_builds import ISAS, Isa, build, build_sanitized, command, required, runs


@pytest.fixture(scope="session")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Isa], list[str]]:
    """Returns the command of an instruction set's harness, which is built at its first use."""
    folder = tmp_path_factory.mktemp("kernels")
    return cache(lambda isa: command(isa, build(isa, folder)))


@pytest.fixture(scope="session")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Isa], list[str]]:
    """Returns the command of a harness that notices wrong memory accesses."""
    folder = tmp_path_factory.mktemp("sanitized")
    return cache(lambda isa: command(isa, build_sanitized(isa, folder)))


@pytest.fixture(params=ISAS, ids=lambda isa: isa.name)
def isa(request: pytest.FixtureRequest) -> Isa:
    """Each instruction set that this machine runs."""
    if not runs(request.param) and not (required() and request.param.machine == "aarch64"):
        pytest.skip(f"this machine does not run {request.param.name}")
    chosen: Isa = request.param
    return chosen
