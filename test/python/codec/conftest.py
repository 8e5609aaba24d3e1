# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def table_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keeps tables in a folder that the processes of a test run share."""
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if folder.name.startswith("popen") else folder
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEEDLM_CACHE", str(shared / "tables"))
        yield
