# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""PyTorch programs saved by torch.export.save, by IREE's FX importer (needs the torch extra)."""

import logging
import warnings
from collections.abc import Iterator
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

try:
    import torch
    from iree.compiler.extras.fx_importer import FxImporter, FxImporterHooks
except ImportError:
    raise SeedlmError("importing .pt2 files needs PyTorch: pip install 'seedlm[torch]'") from None

SCOPE = "model"


def import_torch(model: Path, work: Path) -> Imported:
    """Imports an ExportedProgram into `work`, its parameters and buffers as those of scope "model".

    Raises:
        SeedlmError: The file is damaged or the importer does not know one of its operators.
    """
    hooks = _ParameterHooks()
    try:
        with _quiet():
            importer = FxImporter(hooks=hooks)
            importer.import_program(torch.export.load(model))
    except Exception as error:  # torch and the importer raise what they like
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise SeedlmError(f"{model}: cannot be imported: {reason}") from None
    mlir, archive = work / "program.mlir", work / "weights.irpa"
    write_module(importer.module, mlir)
    write_archive(archive, hooks.arrays)
    return Imported(model, mlir, {SCOPE: archive})


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


class _ParameterHooks(FxImporterHooks):  # type: ignore[misc]
    """Turns parameters and buffers into globals that name a parameter."""

    def __init__(self) -> None:
        self.arrays: dict[str, NDArray[Any]] = {}
        self._module: ir.Operation | None = None

    def prepare_module(self, module_op: ir.Operation) -> None:
        self._module = module_op

    def resolve_input(self, gni: Any, value: Any, info: Any) -> ir.Value | None:
        """Returns the value of a tensor that the program does not write, None for others."""
        name = info.input_spec.target
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
