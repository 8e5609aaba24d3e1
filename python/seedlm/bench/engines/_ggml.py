# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is needed of ggml, the tensor library of llama.cpp, as llama-cpp-python installs it.

All its objects are opaque pointers here. What a call allocates lives as long as the process.
"""

import ctypes
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from seedlm.bench.engine import Unavailable

Pointer = ctypes.c_void_p

F32 = 0
_LIBRARIES = ("base", "cpu")
_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "ggml_log_set": (None, (Pointer, Pointer)),
    "ggml_init": (Pointer, ()),
    "ggml_tensor_overhead": (ctypes.c_size_t, ()),
    "ggml_graph_overhead_custom": (ctypes.c_size_t, (ctypes.c_size_t, ctypes.c_bool)),
    "ggml_new_tensor_2d": (Pointer, (Pointer, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)),
    "ggml_mul_mat": (Pointer, (Pointer, Pointer, Pointer)),
    "ggml_new_graph_custom": (Pointer, (Pointer, ctypes.c_size_t, ctypes.c_bool)),
    "ggml_build_forward_expand": (None, (Pointer, Pointer)),
    "ggml_backend_cpu_init": (Pointer, ()),
    "ggml_backend_cpu_set_n_threads": (None, (Pointer, ctypes.c_int)),
    "ggml_backend_get_device": (Pointer, (Pointer,)),
    "ggml_backend_get_default_buffer_type": (Pointer, (Pointer,)),
    "ggml_backend_dev_backend_reg": (Pointer, (Pointer,)),
    "ggml_backend_reg_get_proc_address": (Pointer, (Pointer, ctypes.c_char_p)),
    "ggml_backend_supports_op": (ctypes.c_bool, (Pointer, Pointer)),
    "ggml_backend_alloc_ctx_tensors_from_buft": (Pointer, (Pointer, Pointer)),
    "ggml_backend_tensor_set": (None, (Pointer, Pointer, ctypes.c_size_t, ctypes.c_size_t)),
    "ggml_backend_tensor_get": (None, (Pointer, Pointer, ctypes.c_size_t, ctypes.c_size_t)),
    "ggml_backend_graph_compute": (ctypes.c_int, (Pointer, Pointer)),
}

_IGNORE = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, Pointer)(lambda *_: None)


class _InitParams(ctypes.Structure):
    _fields_ = (
        ("mem_size", ctypes.c_size_t),
        ("mem_buffer", Pointer),
        ("no_alloc", ctypes.c_bool),
    )


class Ggml:
    """Functions of ggml on its CPU backend."""

    def __init__(self, threads: int) -> None:
        """Makes a backend that computes with so many threads.

        Raises:
            Unavailable: The libraries are not there.
        """
        self._functions = load_functions()
        self._call("log_set", _IGNORE, None)
        self._backend = self._call("backend_cpu_init")
        self._call("backend_cpu_set_n_threads", self._backend, threads)

    def context(self, tensors: int) -> Pointer:
        """Returns a context for so many tensors without data, and a graph of them."""
        size = tensors * self._call("tensor_overhead")
        size += self._call("graph_overhead_custom", tensors, False)
        init = self._functions["ggml_init"]
        return Pointer(init(_InitParams(size, None, True)))

    def matrix(self, context: Pointer, kind: int, columns: int, rows: int) -> Pointer:
        """Returns a new tensor [rows, columns] of a ggml type, without data."""
        return Pointer(self._call("new_tensor_2d", context, kind, columns, rows))

    def product(self, context: Pointer, weights: Pointer, x: Pointer) -> Pointer:
        """Returns x times the transpose of weights, without data."""
        return Pointer(self._call("mul_mat", context, weights, x))

    def allocate(self, context: Pointer, buffer_type: int | None = None) -> None:
        """Gives all tensors of a context data in memory of a type, by default the usual one."""
        usual = self._call("backend_get_default_buffer_type", self._backend)
        self._call("backend_alloc_ctx_tensors_from_buft", context, buffer_type or usual)

    def supports(self, operation: Pointer) -> bool:
        """Returns whether the backend computes an operation with the memory its operands have."""
        return bool(self._call("backend_supports_op", self._backend, operation))

    def repacked_types(self) -> list[int]:
        """Returns the types of memory in which weights have other layouts, the best first."""
        device = self._call("backend_get_device", self._backend)
        registry = self._call("backend_dev_backend_reg", device)
        name = b"ggml_backend_dev_get_extra_bufts"
        address = self._call("backend_reg_get_proc_address", registry, name)
        if not address:
            return []
        list_types = ctypes.CFUNCTYPE(ctypes.POINTER(Pointer), Pointer)(address)
        return list(_until_null(list_types(device)))

    def write(self, tensor: Pointer, array: npt.NDArray[Any]) -> None:
        """Sets the data of a tensor."""
        array = np.ascontiguousarray(array)
        self._call("backend_tensor_set", tensor, array.ctypes.data, 0, array.nbytes)

    def read(self, tensor: Pointer, shape: tuple[int, int]) -> npt.NDArray[np.float32]:
        """Returns the data of a tensor of type F32."""
        array = np.empty(shape, np.float32)
        self._call("backend_tensor_get", tensor, array.ctypes.data, 0, array.nbytes)
        return array

    def graph(self, context: Pointer, operations: Sequence[Pointer]) -> Pointer:
        """Returns a graph that computes operations in this order."""
        graph = self._call("new_graph_custom", context, 2 * len(operations), False)
        for operation in operations:
            self._call("build_forward_expand", graph, operation)
        return Pointer(graph)

    def compute(self, graph: Pointer) -> None:
        """Computes a graph."""
        status = self._call("backend_graph_compute", self._backend, graph)
        assert status == 0

    def _call(self, name: str, *arguments: object) -> Any:
        return self._functions[f"ggml_{name}"](*arguments)


@cache
def load_functions() -> dict[str, Any]:
    """Returns the functions of `_SIGNATURES` by name."""
    spec = find_spec("llama_cpp")
    if spec is None or spec.origin is None:
        raise Unavailable("llama-cpp-python is not installed")
    folder = Path(spec.origin).parent / "lib"
    try:
        libraries = [
            ctypes.CDLL(str(folder / f"libggml-{name}.so"), ctypes.RTLD_GLOBAL)
            for name in _LIBRARIES
        ]
        functions = {
            name: next(getattr(each, name) for each in libraries if hasattr(each, name))
            for name in _SIGNATURES
        }
    except (OSError, StopIteration):
        raise Unavailable(f"{folder}: no libraries of ggml that are known") from None
    for name, (result, arguments) in _SIGNATURES.items():
        functions[name].restype, functions[name].argtypes = result, arguments
    functions["ggml_init"].argtypes = (_InitParams,)
    return functions


def _until_null(pointers: Any) -> Iterator[int]:
    index = 0
    while pointers[index]:
        yield pointers[index]
        index += 1
