# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Modules run in this process, with next to nothing around a call."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import iree.runtime as rt
import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from seedlm.devices import open_device, to_host
from seedlm.errors import SeedlmError
from seedlm.loader import entry_name

Parameters = Mapping[str, rt.ParameterIndex]

_WORKERS = "--task_topology_group_count"
_BFLOAT16 = np.dtype(ml_dtypes.bfloat16)


class Program:
    """A module on a device, with inputs that stay as they are.

    One thread of the CPU is IREE's local-sync device, which computes on the thread that calls. More
    are the workers of local-task; their number is the same for all programs of a process.
    """

    def __init__(
        self, module: Path, threads: int, parameters: Parameters, device: str = "cpu"
    ) -> None:
        """Loads a .vmfb file.

        Args:
            module: The file.
            threads: The number of threads of the CPU.
            parameters: The module's parameters by scope.
            device: One of `seedlm.devices.DRIVERS`.

        Raises:
            SeedlmError: There is no such device, or IREE cannot load the module.
        """
        on_cpu = device == "cpu"
        self._config = (
            rt.Config(_driver(threads)) if on_cpu else rt.Config(device=open_device(device))
        )
        instance, device = self._config.vm_instance, self._config.device
        providers = [
            rt.create_io_parameters_module(instance, index.create_provider(scope=scope))
            for scope, index in parameters.items()
        ]
        try:
            compiled = rt.VmModule.mmap(instance, str(module))
            hal = rt.create_hal_module(instance, device)
            self._context = rt.VmContext(instance, [hal, *providers, compiled])
            self._function = compiled.lookup_function(entry_name(compiled))
        except (ValueError, RuntimeError, KeyError) as error:
            reason = str(error).splitlines()[0]
            raise SeedlmError(f"{module}: cannot be loaded: {reason}") from None
        self._inputs = rt.VmVariantList(0)
        self._outputs = rt.VmVariantList(0)

    def bind(self, inputs: Sequence[NDArray[Any]]) -> None:
        """Moves the inputs of all calls to the device."""
        self._inputs = rt.VmVariantList(len(inputs))
        for each in inputs:
            self._inputs.push_ref(self._buffer_view(each))

    def run(self) -> None:
        """Calls the module; returns when the outputs are there.

        Raises:
            SeedlmError: The call failed, for inputs of a wrong shape for instance.
        """
        self._outputs = rt.VmVariantList(1)
        try:
            self._context.invoke(self._function, self._inputs, self._outputs)
        except (ValueError, RuntimeError, IndexError) as error:
            raise SeedlmError(f"call failed: {str(error).splitlines()[0]}") from None

    def output(self, index: int) -> NDArray[Any]:
        """Returns an output of the last call."""
        view = self._outputs.get_as_ref(index).deref(rt.HalBufferView)
        device = self._config.device
        return to_host(device, [rt.DeviceArray(device, view)])[0]

    def outputs(self) -> list[NDArray[Any]]:
        """Returns all outputs of the last call."""
        return [self.output(i) for i in range(len(self._outputs))]

    def _buffer_view(self, array: NDArray[Any]) -> rt.HalBufferView:
        is_bfloat16 = array.dtype == _BFLOAT16
        element_type = (
            rt.HalElementType.BFLOAT_16
            if is_bfloat16
            else rt.array_interop.map_dtype_to_element_type(array.dtype)
        )
        return self._config.device.allocator.allocate_buffer_copy(
            memory_type=rt.MemoryType.DEVICE_LOCAL,
            allowed_usage=rt.BufferUsage.DEFAULT,
            device=self._config.device,
            buffer=np.ascontiguousarray(array.view(np.int16) if is_bfloat16 else array),
            element_type=element_type,
        )


def archive(path: Path) -> rt.ParameterIndex:
    """Returns the parameters of an archive, memory-mapped."""
    index = rt.ParameterIndex()
    index.load(str(path))
    return index


def arrays(parameters: Mapping[str, NDArray[Any]]) -> rt.ParameterIndex:
    """Returns arrays in memory as parameters, which they share it with."""
    index = rt.ParameterIndex()
    for key, array in parameters.items():
        index.add_buffer(key, np.ascontiguousarray(array).reshape(-1).view(np.uint8))
    return index


def _driver(threads: int) -> str:
    if threads == 1:
        return "local-sync"
    rt.flags.parse_flags(f"{_WORKERS}={threads}")
    return "local-task"
