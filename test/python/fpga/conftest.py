# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def library_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keeps libraries in a folder that the processes of a test run share, or in $SEEDLM_CACHE."""
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if folder.name.startswith("popen") else folder
    with pytest.MonkeyPatch.context() as patch:
        if "SEEDLM_CACHE" not in os.environ:
            patch.setenv("SEEDLM_CACHE", str(shared / "cache"))
        yield
