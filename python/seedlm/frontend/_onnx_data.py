# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The data of an ONNX model's tensors: checked, and written to an archive without being loaded."""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import onnx
from onnx import TensorProto, numpy_helper
from onnx.external_data_helper import load_external_data_for_tensor, uses_external_data

from seedlm.compiler.ir.archive_writer import ArchiveWriter
from seedlm.compiler.ir.parameters import Place
from seedlm.errors import SeedlmError

_LARGE_ELEMENTS = 100  # the importer's default for tensors that become parameters
_ITEM_BYTES: dict[int, int] = {
    TensorProto.DOUBLE: 8,
    TensorProto.FLOAT: 4,
    TensorProto.FLOAT16: 2,
    TensorProto.BFLOAT16: 2,
    TensorProto.INT64: 8,
    TensorProto.INT32: 4,
    TensorProto.INT16: 2,
    TensorProto.INT8: 1,
    TensorProto.UINT8: 1,
    TensorProto.BOOL: 1,
}


def external_files(model: Path, tensors: Iterable[TensorProto]) -> tuple[Path, ...]:
    """Returns the files of external data that `tensors` name."""
    entries = [entry for tensor in tensors for entry in tensor.external_data]
    names = dict.fromkeys(entry.value for entry in entries if entry.key == "location")
    return tuple(model.parent / name for name in names)


def small_initializers(graph: onnx.GraphProto) -> Iterator[TensorProto]:
    """Yields the initializers that do not become parameters."""
    return (each for each in graph.initializer if math.prod(each.dims) < _LARGE_ELEMENTS)


def check_data(model: Path, tensor: TensorProto) -> None:
    """Checks that a tensor has as many bytes as its shape says, and that they can be read.

    Raises:
        SeedlmError: They cannot; external data is missing or outside of the model's folder.
    """
    fields = _fields(tensor)
    if not fields.get("offset", "0").isdecimal():
        raise SeedlmError(f"{model}: tensor '{tensor.name}' is at offset {fields['offset']}")
    size = _size(tensor)
    if size is not None and ("length" in fields or tensor.HasField("raw_data")):
        stored = fields["length"] if uses_external_data(tensor) else str(len(tensor.raw_data))
        if stored != str(size):
            raise SeedlmError(f"{model}: tensor '{tensor.name}' has {stored} bytes, not {size}")
    if uses_external_data(tensor):
        _check_file(model, tensor, size or 0)


def load_data(model: Path, tensor: TensorProto) -> None:
    """Loads external data into the tensor, if it has any.

    Raises:
        SeedlmError: It cannot be read.
    """
    if not uses_external_data(tensor):
        return
    try:
        load_external_data_for_tensor(tensor, str(model.parent))
    except (ValueError, OSError, onnx.checker.ValidationError) as error:
        reason = str(error).strip().splitlines()[0]
        raise SeedlmError(f"{model}: tensor '{tensor.name}': {reason}") from None


def write_weights(model: Path, graph: onnx.GraphProto, archive: Path) -> None:
    """Writes the tensors that became parameters to an archive, under the importer's names.

    Raises:
        SeedlmError: The archive cannot be written.
    """
    try:
        with ArchiveWriter(archive) as writer:
            for tensor in _parameters(graph):
                _add(writer, model, tensor)
    except SeedlmError as error:
        raise SeedlmError(f"{model}: {error}") from None


def _add(writer: ArchiveWriter, model: Path, tensor: TensorProto) -> None:
    key, size = tensor.name.replace(":", "_"), _size(tensor)
    if uses_external_data(tensor) and size is not None:
        writer.add_stored(key, _place(model, tensor), size)
    else:
        writer.add(key, numpy_helper.to_array(tensor, str(model.parent)))


def _parameters(graph: onnx.GraphProto) -> Iterator[TensorProto]:
    """Yields what the importer makes parameters of: large initializers and values of Constants."""
    constants = [node for node in graph.node if node.op_type == "Constant"]
    values = [each.t for node in constants for each in node.attribute if each.name == "value"]
    for tensor in (*graph.initializer, *values):
        if math.prod(tensor.dims) >= _LARGE_ELEMENTS:
            yield tensor


def _fields(tensor: TensorProto) -> dict[str, str]:
    return {entry.key: entry.value for entry in tensor.external_data}


def _size(tensor: TensorProto) -> int | None:
    """Returns the bytes of a tensor, None for types whose elements are not whole bytes."""
    item_bytes = _ITEM_BYTES.get(tensor.data_type)
    return None if item_bytes is None else math.prod(tensor.dims) * item_bytes


def _place(model: Path, tensor: TensorProto) -> Place:
    fields = _fields(tensor)
    return Place(model.parent / fields["location"], int(fields.get("offset", "0")))


def _check_file(model: Path, tensor: TensorProto, size: int) -> None:
    """Has onnx check path and offset, by reading no bytes from there."""
    nothing = TensorProto(name=tensor.name, data_type=tensor.data_type)
    nothing.data_location = TensorProto.EXTERNAL
    for key, value in (_fields(tensor) | {"length": "0"}).items():
        nothing.external_data.add(key=key, value=value)
    load_data(model, nothing)
    place = _place(model, tensor)
    if place.path.stat().st_size < place.offset + size:
        raise SeedlmError(f"{model}: tensor '{tensor.name}' goes beyond the end of {place.path}")
