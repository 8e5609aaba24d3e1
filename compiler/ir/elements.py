# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reading and making the element data of constant attributes."""

import json
import math
import re
from typing import Any

import ml_dtypes
import numpy as np
from iree.compiler import ir
from numpy.typing import NDArray

from seedlm.errors import SeedlmError

_DTYPES: dict[str, np.dtype] = {
    "f64": np.dtype(np.float64),
    "f32": np.dtype(np.float32),
    "f16": np.dtype(np.float16),
    "bf16": np.dtype(ml_dtypes.bfloat16),
    "i64": np.dtype(np.int64),
    "i32": np.dtype(np.int32),
    "i16": np.dtype(np.int16),
    "i8": np.dtype(np.int8),
    "i1": np.dtype(np.bool_),
}
_RESOURCE = re.compile(r'dense_resource<("(?:[^"\\]|\\.)*"|[^>]*)> : ')
_ESCAPE = re.compile(rb"\\(?:\\|([0-9A-F]{2}))")
_NAME_LIMIT = 4096
_ALIGNMENT = 16  # what MLIR reads from small bytecode files, which it does not map into memory

# Constants up to this size are kept inline: IREE moves small ones into dispatches, where it cannot
# convert bf16 resources.
SMALL_BYTES = 1024
_RESOURCE_ALIGNMENT_BYTES = 4


def dtype_of(element_type: ir.Type) -> np.dtype | None:
    """Returns the NumPy dtype that stores `element_type`, or None if there is none."""
    return _DTYPES.get(str(element_type))


def element_type_of(dtype: np.dtype) -> ir.Type:
    """Returns the MLIR element type (signless for integers) that `dtype` stores."""
    name = next(name for name, candidate in _DTYPES.items() if candidate == dtype)
    return ir.Type.parse(name)


def byte_size(tensor_type: ir.ShapedType) -> int:
    """Returns the dense size of a static tensor type in bytes (0 for an unknown element type)."""
    dtype = dtype_of(tensor_type.element_type)
    return math.prod(tensor_type.shape) * dtype.itemsize if dtype else 0


def resource_name(attribute: ir.Attribute) -> str | None:
    """Returns the name of a `dense_resource<..>` attribute, None for any other attribute."""
    match = _RESOURCE.match(str(attribute)[:_NAME_LIMIT])
    if match is None:
        return None
    return _unquote(match[1]) if match[1].startswith('"') else match[1]


def _unquote(text: str) -> str:
    """Returns the text of a quoted MLIR string, where bytes stand as two hexadecimal digits."""
    escaped = text[1:-1].encode()
    return _ESCAPE.sub(lambda m: bytes.fromhex((m[1] or b"5C").decode()), escaped).decode()


def read_elements(attribute: ir.Attribute) -> NDArray[Any]:
    """Returns the elements of a `dense<..>` or `dense_resource<..>` attribute.

    The bindings of IREE 3.13 give no access to resource blobs nor to bf16 elements; both are read
    from the attribute's printed form, which is exact.

    Raises:
      SeedlmError: the attribute is of another kind or its resource has no data.
    """
    tensor_type = ir.ShapedType(attribute.type)
    dtype = dtype_of(tensor_type.element_type)
    if dtype is None:
        raise SeedlmError(f"cannot read elements of type {tensor_type.element_type}")
    if resource_name(attribute) is not None:
        return _read_resource(attribute, tensor_type, dtype)
    if not isinstance(attribute, ir.DenseElementsAttr):
        raise SeedlmError(f"cannot read elements of {str(attribute)[:60]}")
    if dtype == _DTYPES["bf16"]:
        return _read_printed(attribute, tensor_type, dtype)
    return np.array(attribute).astype(dtype, copy=False).reshape(tensor_type.shape)


def _read_printed(
    attribute: ir.DenseElementsAttr, tensor_type: ir.ShapedType, dtype: np.dtype
) -> NDArray[Any]:
    if attribute.is_splat:
        value = ir.FloatAttr(attribute.get_splat_value()).value
        return np.full(tensor_type.shape, value, dtype)
    body = re.match(r'dense<"?([^"]*?)"?> : ', str(attribute))
    assert body is not None
    if body[1].startswith("0x"):
        return np.frombuffer(bytes.fromhex(body[1][2:]), dtype).reshape(tensor_type.shape)
    values = np.array(json.loads(body[1]), np.float32)
    return values.astype(dtype).reshape(tensor_type.shape)


def _read_resource(
    attribute: ir.Attribute, tensor_type: ir.ShapedType, dtype: np.dtype
) -> NDArray[Any]:
    with attribute.context, ir.Location.unknown():
        module = ir.Module.create()
        module.operation.attributes["seedlm.value"] = attribute
        text = module.operation.get_asm()
    start = text.rfind(': "0x')
    if start < 0:
        raise SeedlmError(f"{attribute} has no data")
    digits = text[start + 5 : text.index('"', start + 5)]
    blob = memoryview(bytes.fromhex(digits))[_RESOURCE_ALIGNMENT_BYTES:]
    if len(blob) != byte_size(tensor_type):
        raise SeedlmError(f"{attribute} holds {len(blob)} bytes")
    return np.frombuffer(blob, dtype).reshape(tensor_type.shape)


def make_elements(array: NDArray[Any], name: str) -> ir.Attribute:
    """Returns `array` as an attribute: `dense` when small, else a `dense_resource` named `name`.

    The array's buffer is shared with the attribute, not copied, and must not change.
    """
    array = np.asarray(array, order="C")
    tensor_type = ir.RankedTensorType.get(array.shape, element_type_of(array.dtype))
    if array.nbytes <= SMALL_BYTES:
        return ir.DenseElementsAttr.get(_as_bits(array), type=tensor_type)
    return ir.DenseResourceElementsAttr.get_from_buffer(
        _as_bits(array).data, name, tensor_type, alignment=_ALIGNMENT
    )


def _as_bits(array: NDArray[Any]) -> NDArray[Any]:
    """Views dtypes that the buffer protocol does not know as integers of their width."""
    return array.view(np.uint16) if array.dtype == _DTYPES["bf16"] else array
