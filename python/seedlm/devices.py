# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The devices that modules run on: opening one, and copying what it computes to the host."""

import re
from collections.abc import Sequence
from typing import Any

import iree.runtime as rt
import numpy as np
from numpy.typing import NDArray

from seedlm.errors import SeedlmError

DRIVERS = {
    "cpu": "local-task",
    "vulkan": "vulkan",
    "cuda": "cuda",
    "rocm": "hip",
    "metal": "metal",
}
_STATUS = re.compile(r"^.*?: (?:c/runtime/\S+: )?[A-Z_]+; ")
_TRACE = "; while "
_NO_DEVICE = ("VK_ERROR_INCOMPATIBLE_DRIVER", "VK_ERROR_INITIALIZATION_FAILED")


def open_device(name: str) -> rt.HalDevice:
    """Returns the first device of a kind.

    Args:
        name: One of `DRIVERS`.

    Raises:
        SeedlmError: The name is unknown, or there is no such device or no driver for it.
    """
    if name not in DRIVERS:
        raise SeedlmError(f"unknown device '{name}', not one of {', '.join(DRIVERS)}")
    try:
        return rt.get_device(DRIVERS[name])
    except (RuntimeError, ValueError) as error:
        reason = status_message(error)
        if any(status in reason for status in _NO_DEVICE):
            reason = f"no Vulkan driver found a device: {reason}"
        raise SeedlmError(f"device '{name}' cannot be opened: {reason}") from None


def device_name(name: str) -> str:
    """Returns what the driver calls the device that `open_device` opens."""
    return str(rt.get_driver(DRIVERS[name]).query_available_devices()[0]["name"])


def status_message(error: Exception) -> str:
    """Returns what an error of IREE's runtime says in one line, without where it was found."""
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return _STATUS.sub("", first).partition(_TRACE)[0].rstrip(":; ")


def to_host(device: rt.HalDevice, outputs: Sequence[Any]) -> tuple[NDArray[Any], ...]:
    """Returns outputs, tensors on `device` or Python numbers, as arrays of their own.

    All copies from the memory of a GPU are under way at once.
    """
    copies = [_StagedCopy(device, each) if _is_remote(each) else None for each in outputs]
    return tuple(
        copy.finish() if copy else _read(output)
        for copy, output in zip(copies, outputs, strict=True)
    )


def _is_remote(output: Any) -> bool:
    """Returns whether an output is a tensor that the host cannot read in place."""
    return isinstance(output, rt.DeviceArray) and not output._is_mappable()


def _read(output: Any) -> NDArray[Any]:
    return np.array(output.to_host() if isinstance(output, rt.DeviceArray) else output)


class _StagedCopy:
    """A tensor on its way from a device to the host.

    `DeviceArray.to_host` of IREE 3.13 has the device write into NumPy's own memory, which Vulkan
    drivers refuse unless it starts at a page; so it is written into a buffer of the device first.
    """

    def __init__(self, device: rt.HalDevice, output: rt.DeviceArray) -> None:
        self._dtype = output.dtype
        self._view = output._buffer_view
        source = self._view.get_buffer()
        self._buffer = device.allocator.allocate_buffer(
            memory_type=int(rt.MemoryType.HOST_LOCAL | rt.MemoryType.DEVICE_VISIBLE),
            allowed_usage=int(rt.BufferUsage.TRANSFER_TARGET | rt.BufferUsage.MAPPING_SCOPED),
            allocation_size=source.byte_length(),
        )
        semaphore = device.create_semaphore(0)
        self._done = rt.HalFence.create_at(semaphore, 1)
        ready = rt.HalFence.create_at(semaphore, 0)
        device.queue_copy(source, self._buffer, ready, self._done)

    def finish(self) -> NDArray[Any]:
        """Waits and returns the tensor as an array."""
        self._done.wait()
        stored = rt.HalElementType.map_to_dtype(self._view.element_type)
        return self._buffer.map().asarray(self._view.shape, stored).astype(self._dtype)
