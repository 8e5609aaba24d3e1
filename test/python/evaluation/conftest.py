# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The tiny models, saved once."""

from pathlib import Path

import pytest
from tiny_models import save_causal, save_embedding


@pytest.fixture(scope="session")
def causal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_causal(tmp_path_factory.mktemp("causal"))


@pytest.fixture(scope="session")
def embedding(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_embedding(tmp_path_factory.mktemp("embedding"))
