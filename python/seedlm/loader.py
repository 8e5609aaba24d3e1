# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Running compiled modules on NumPy arrays, by IREE's own runtime."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import iree.runtime as rt
import numpy as np
from numpy.typing import NDArray

from seedlm.errors import SeedlmError

SCOPE = "model"
_DRIVERS = {"cpu": "local-task"}
_ASYNC = "$async"


class LoadedModule:
    """A module on a device: call it with NumPy arrays."""

    def __init__(self, config: rt.Config, modules: list[rt.VmModule], name: str) -> None:
        """Loads `modules`, whose last has the function `name`, on the device of `config`."""
        self._context = rt.SystemContext(vm_modules=modules, config=config)
        self._device = config.device
        self._functions = modules[-1]
        self._entry = self._invoker(name)

    def __call__(self, *inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Returns the outputs for `inputs`, each copied to the host.

        Raises:
            SeedlmError: The inputs do not have the shapes and dtypes of the module.
        """
        return _invoke(self._entry, inputs)

    def call(self, function: str, *inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Returns the outputs of an exported function of the module, as a call of the module does.

        Raises:
            SeedlmError: As for a call of the module.
            KeyError: There is no such function.
        """
        return _invoke(self._invoker(function), inputs)

    def _invoker(self, name: str) -> rt.FunctionInvoker:
        function = self._functions.lookup_function(name)
        return rt.FunctionInvoker(self._context.vm_context, self._device, function)


def _invoke(
    invoker: rt.FunctionInvoker, inputs: Sequence[NDArray[Any]]
) -> tuple[NDArray[Any], ...]:
    try:
        outputs = invoker(*inputs)
    except (ValueError, TypeError, RuntimeError) as error:
        status = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip("; ")
        raise SeedlmError(f"call failed: {status.rpartition('; ')[2]}") from None
    if not isinstance(outputs, (tuple, list)):
        outputs = (outputs,)
    return tuple(_to_host(output) for output in outputs)


def _to_host(output: Any) -> NDArray[Any]:
    """Returns an output, a tensor or a Python number, as an array of its own."""
    return np.array(output.to_host() if isinstance(output, rt.DeviceArray) else output)


def load(
    path: str | Path,
    device: str = "cpu",
    parameters: str | Path | Mapping[str, str | Path] | None = None,
) -> LoadedModule:
    """Loads a compiled module.

    Args:
        path: A .vmfb file. It is memory-mapped: replace it, do not write into it, while in use.
        device: "cpu".
        parameters: The .irpa archive that was written with it, if any; or archives by scope.

    Raises:
        SeedlmError: The device is unknown, a file is missing or damaged, or the parameters do not
            belong to the module.
    """
    if device not in _DRIVERS:
        raise SeedlmError(f"unknown device '{device}', not one of {', '.join(_DRIVERS)}")
    archives = parameters if isinstance(parameters, Mapping) else {SCOPE: parameters}
    archives = {scope: file for scope, file in archives.items() if file is not None}
    for file in (path, *archives.values()):
        if not Path(file).is_file():
            raise SeedlmError(f"{file}: no such file")
    config = rt.Config(_DRIVERS[device])
    try:
        module = rt.VmModule.mmap(config.vm_instance, str(path))
        providers = [_provider(config, scope, file) for scope, file in archives.items()]
        return LoadedModule(config, [*providers, module], entry_name(module))
    except (ValueError, RuntimeError, OSError, IndexError, KeyError, NotImplementedError) as error:
        raise SeedlmError(f"{path}: cannot be loaded: {str(error).splitlines()[0]}") from None


def entry_name(module: rt.VmModule) -> str:
    """Returns the name of a module's first exported function, the synchronous form of it."""
    names = [name for name in module.function_names if not name.startswith("__")]
    if not names:
        raise ValueError("the module exports no function")
    return names[0].removesuffix(_ASYNC)


def _provider(config: rt.Config, scope: str, archive: str | Path) -> rt.VmModule:
    index = rt.ParameterIndex()
    index.load(str(archive))
    return rt.create_io_parameters_module(config.vm_instance, index.create_provider(scope=scope))
