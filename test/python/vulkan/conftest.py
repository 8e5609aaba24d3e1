# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import os

import pytest

from seedlm.devices import open_device
from seedlm.errors import SeedlmError

REQUIRED = "SEEDLM_REQUIRE_VULKAN"


@pytest.fixture(scope="session", autouse=True)
def _vulkan_device() -> None:
    """Skips these tests where no Vulkan device is, or fails if the environment says one is."""
    try:
        open_device("vulkan")
    except SeedlmError as error:
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(f"{REQUIRED} is set, but {error}")
        pytest.skip(str(error))
