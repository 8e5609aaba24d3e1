# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Running compiled modules on NumPy arrays, by IREE's own runtime."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import iree.runtime as rt
from numpy.typing import NDArray

from seedlm import fpga
from seedlm.codec import preset
from seedlm.compiler.report import Report, report_from_json
from seedlm.devices import DRIVERS, open_device, status_message, to_host
from seedlm.errors import SeedlmError
from seedlm.fpga.iree_devices import open_devices, wants_waveforms
from seedlm.passes.externalize_constants import MANIFEST

SCOPE = "model"
DEVICES = (*DRIVERS, "fpga")
_OTHER_DEVICE = re.compile(r"not found or unavailable: #hal\.device\.target<\"([\w-]+)\"")
_ASYNC = "$async"


class LoadedModule:
    """A module on a device: call it with NumPy arrays."""

    def __init__(
        self, instance: rt.VmInstance, devices: list[rt.HalDevice], modules: list[rt.VmModule]
    ) -> None:
        """Loads `modules`, whose last is to be called, on devices of which it counts the first."""
        hal = rt.create_hal_module(instance, devices=devices)
        self._context = rt.VmContext(instance, modules=[hal, *modules])
        self._device = devices[0]
        self._functions = modules[-1]
        self._entry = self._invoker(entry_name(self._functions))

    def __call__(self, *inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Returns the outputs for `inputs`, each copied to the host.

        Raises:
            SeedlmError: The inputs do not have the shapes and dtypes of the module.
        """
        return self._invoke(self._entry, inputs)

    def call(self, function: str, *inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Returns the outputs of an exported function of the module, as a call of the module does.

        Raises:
            SeedlmError: As for a call of the module.
            KeyError: There is no such function.
        """
        return self._invoke(self._invoker(function), inputs)

    def _invoker(self, name: str) -> rt.FunctionInvoker:
        function = self._functions.lookup_function(name)
        return rt.FunctionInvoker(self._context, self._device, function)

    def _invoke(
        self, invoker: rt.FunctionInvoker, inputs: Sequence[NDArray[Any]]
    ) -> tuple[NDArray[Any], ...]:
        try:
            outputs = invoker(*inputs)
            several = isinstance(outputs, (tuple, list))
            return to_host(self._device, outputs if several else [outputs])
        except (ValueError, TypeError, RuntimeError) as error:
            raise SeedlmError(f"call failed: {status_message(error)}") from None


def load(
    path: str | Path,
    device: str = "cpu",
    parameters: str | Path | Mapping[str, str | Path] | None = None,
) -> LoadedModule:
    """Loads a compiled module.

    Args:
        path: A .vmfb file. It is memory-mapped: replace it, do not write into it, while in use.
        device: What the module was compiled for: "cpu", "vulkan", "cuda", "rocm" or "metal"; or
            "fpga", which is the CPU and the simulated FPGA-style device, see docs/fpga.md.
            Simulators are built where there is none.
        parameters: The .irpa archive that was written with it, if any; or archives by scope.

    Raises:
        SeedlmError: The device is unknown or missing, the module is for another, a file is missing
            or damaged, the parameters do not belong to the module, or the simulator cannot be
            built.
    """
    if device not in DEVICES:
        raise SeedlmError(f"unknown device '{device}', not one of {', '.join(DEVICES)}")
    archives = parameters if isinstance(parameters, Mapping) else {SCOPE: parameters}
    archives = {scope: file for scope, file in archives.items() if file is not None}
    for file in (path, *archives.values()):
        if not Path(file).is_file():
            raise SeedlmError(f"{file}: no such file")
    instance = rt.VmInstance()
    opened = None if device == "fpga" else open_device(device)
    try:
        module = rt.VmModule.mmap(instance, str(path))
        providers = [_provider(instance, scope, file) for scope, file in archives.items()]
        return LoadedModule(instance, _devices(module, opened), [*providers, module])
    except SeedlmError as error:
        raise SeedlmError(f"{path}: {error}") from None
    except (ValueError, RuntimeError, OSError, IndexError, KeyError, NotImplementedError) as error:
        raise SeedlmError(f"{path}: cannot be loaded: {_reason(error, device)}") from None


def _reason(error: Exception, device: str) -> str:
    """Returns why a module cannot be loaded on a device."""
    other = _OTHER_DEVICE.search(str(error))
    if other is not None:
        return f"it was compiled for '{other[1]}', not for '{DRIVERS[device]}'"
    return str(error).splitlines()[0]


def entry_name(module: rt.VmModule) -> str:
    """Returns the name of a module's first exported function, the synchronous form of it."""
    names = [name for name in module.function_names if not name.startswith("__")]
    if not names:
        raise ValueError("the module exports no function")
    return names[0].removesuffix(_ASYNC)


def read_manifest(module: rt.VmModule) -> str | None:
    """Returns the report that a module was written with, as JSON; None if there is none."""
    reflections = (module.lookup_function(name).reflection for name in module.function_names)
    texts = (reflection.get(MANIFEST) for reflection in reflections)
    return next((str(text) for text in texts if text is not None), None)


def plugins_of(report: Report, *, tracing: bool = False) -> list[Path]:
    """Returns the plugins that a module for the FPGA-style device needs, built if need be.

    Raises:
        SeedlmError: The module is for another target, or a plugin cannot be built.
    """
    if report.target != "fpga":
        raise SeedlmError(f"compiled for {report.target}, not for fpga")
    codes = dict.fromkeys(tensor.code for tensor in report.offloaded if tensor.code is not None)
    return [fpga.plugin(preset(code), tracing=tracing) for code in codes]


def _devices(module: rt.VmModule, opened: rt.HalDevice | None) -> list[rt.HalDevice]:
    """Returns the devices of a module: the one given, or a CPU and the FPGA-style device."""
    manifest = read_manifest(module)
    if opened is None:
        if manifest is None:
            raise SeedlmError("not compiled for fpga by seedlm (it has no manifest)")
        plugins = plugins_of(report_from_json(manifest), tracing=wants_waveforms())
        return list(open_devices(tuple(plugins)))
    if _is_for_fpga(manifest):
        raise SeedlmError("compiled for fpga: load it with device='fpga'")
    return [opened]


def _is_for_fpga(manifest: str | None) -> bool:
    try:
        return manifest is not None and report_from_json(manifest).target == "fpga"
    except SeedlmError:  # of another version, which matters to nobody on a CPU
        return False


def _provider(instance: rt.VmInstance, scope: str, archive: str | Path) -> rt.VmModule:
    index = rt.ParameterIndex()
    index.load(str(archive))
    return rt.create_io_parameters_module(instance, index.create_provider(scope=scope))
