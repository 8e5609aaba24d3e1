# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""PyTorch programs saved by torch.export.save, by IREE's FX importer (needs the torch extra)."""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
from iree.compiler import ir
from iree.compiler.dialects import util
from numpy.typing import NDArray

from seedlm.compiler.imported import Imported
from seedlm.compiler.ir.archive_writer import write_archive
from seedlm.compiler.ir.context import write_module
from seedlm.compiler.ir.elements import element_type_of
from seedlm.compiler.ir.parameters import ParameterName, parameter_attribute
from seedlm.errors import SeedlmError
from seedlm.inputs import AnySample

try:
    import torch
    from iree.compiler.extras.fx_importer import FxImporter, FxImporterHooks
except ImportError:
    raise SeedlmError("importing .pt2 files needs PyTorch: pip install 'seedlm[torch]'") from None

SCOPE = "model"


def import_torch(model: Path, work: Path) -> Imported:
    """Imports a saved ExportedProgram as `import_program` does.

    Raises:
        SeedlmError: The file is damaged or the importer does not know one of its operators.
    """
    with _importing(str(model)):
        program = torch.export.load(model)
    return import_program(program, model, work)


def import_program(program: torch.export.ExportedProgram, source: Path, work: Path) -> Imported:
    """Imports a program into `work`, its parameters and buffers as those of scope "model".

    Args:
        program: The program.
        source: What errors name.
        work: As for `import_model`.

    Raises:
        SeedlmError: The importer does not know one of its operators.
    """
    hooks = _ParameterHooks(_shared_names(program))
    with _importing(str(source)):
        importer = FxImporter(hooks=hooks)
        importer.import_program(program)
    mlir, archive = work / "program.mlir", work / "weights.irpa"
    write_module(importer.module, mlir)
    write_archive(archive, hooks.arrays)
    names = tuple(name for name in program.graph_signature.user_inputs if isinstance(name, str))
    return Imported(source, mlir, {SCOPE: archive}, names)


def as_program(
    model: torch.export.ExportedProgram | torch.nn.Module, samples: Sequence[AnySample]
) -> torch.export.ExportedProgram:
    """Returns a program as it is, and a module exported for inputs of the shapes of a sample.

    Args:
        model: The program or module.
        samples: For a module, its arguments in the first sample, by name or in order.

    Raises:
        SeedlmError: There is no sample, or PyTorch cannot export the module.
    """
    if isinstance(model, torch.export.ExportedProgram):
        return model
    if not samples:
        raise SeedlmError("calibration: no samples")
    with _importing(type(model).__name__), torch.no_grad():
        arguments, keywords = _arguments(samples[0])
        # The importer does not know all that core ATen does without.
        return torch.export.export(model, arguments, keywords).run_decompositions()


def _arguments(sample: AnySample) -> tuple[tuple[torch.Tensor, ...], dict[str, torch.Tensor]]:
    if isinstance(sample, Mapping):
        return (), {name: torch.tensor(np.asarray(each)) for name, each in sample.items()}
    return tuple(torch.tensor(np.asarray(each)) for each in sample), {}


@contextmanager
def _importing(name: str) -> Iterator[None]:
    """Keeps torch quiet, and turns its errors into ones that name what is imported."""
    try:
        with _quiet():
            yield
    except Exception as error:  # torch and the importer raise what they like
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise SeedlmError(f"{name}: cannot be imported: {reason}") from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps torch from logging the traceback of an error that it then raises."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logging.disable(disabled)


def _shared_names(program: torch.export.ExportedProgram) -> dict[str, str]:
    """Returns for each entry of the state dict the first one that is the same tensor."""
    first: dict[Any, str] = {}
    return {
        name: first.setdefault(_place_of(tensor), name)
        for name, tensor in program.state_dict.items()
    }


def _place_of(tensor: torch.Tensor) -> tuple[Any, ...]:
    return tensor.data_ptr(), tensor.dtype, tensor.shape, tensor.stride()


class _ParameterHooks(FxImporterHooks):  # type: ignore[misc]
    """Turns parameters and buffers into globals that name a parameter."""

    def __init__(self, shared_names: dict[str, str]) -> None:
        self.arrays: dict[str, NDArray[Any]] = {}
        self._shared_names = shared_names
        self._module: ir.Operation | None = None

    def prepare_module(self, module_op: ir.Operation) -> None:
        self._module = module_op

    def resolve_input(self, gni: Any, value: Any, info: Any) -> ir.Value | None:
        """Returns the value of a tensor that the program does not write, None for others."""
        target = info.input_spec.target
        name = self._shared_names.get(target, target)
        if not isinstance(value, torch.Tensor) or info.mutable_producer_node_name is not None:
            return None
        assert self._module is not None
        array = _to_numpy(value)
        tensor_type = ir.RankedTensorType.get(array.shape, element_type_of(array.dtype))
        if name not in self.arrays:
            self.arrays[name] = array
            with ir.InsertionPoint.at_block_begin(self._module.regions[0].blocks[0]):
                initial_value = parameter_attribute(ParameterName(SCOPE, name), tensor_type)
                util.GlobalOp(
                    name, tensor_type, sym_visibility="private", initial_value=initial_value
                )
        load = util.GlobalLoadOp(tensor_type, name)
        return ir.Operation.create(
            "torch_c.from_builtin_tensor", results=[info.ir_type], operands=[load.result]
        ).result


def _to_numpy(tensor: Any) -> NDArray[Any]:
    tensor = tensor.detach().contiguous()
    if tensor.dtype == torch.bfloat16:
        return np.asarray(tensor.view(torch.int16).numpy()).view(ml_dtypes.bfloat16)
    return np.asarray(tensor.numpy())
