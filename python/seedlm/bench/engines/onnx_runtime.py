# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX Runtime: MatMulNBits of 4 bits with a scale for each 128 columns.

`accuracy_level` is 4: activations are rounded to 8 bits, which is its fastest way.
"""

from dataclasses import dataclass

import numpy as np
from onnx import ModelProto, TensorProto, ValueInfoProto, helper, numpy_helper

from seedlm.bench.engine import Prepared, Unavailable, int4_values
from seedlm.bench.engines.stock_iree import GROUP, random_int4
from seedlm.bench.workload import Workload

_OPSETS = (("", 17), ("com.microsoft", 1))
_ZERO_POINT = 8  # of integers without zero points of their own


@dataclass(frozen=True)
class OnnxRuntime:
    """Unsigned 4-bit integers less 8, times f32 scales."""

    name: str = f"onnxruntime/int4-b{GROUP}"

    def prepare(self, workload: Workload) -> Prepared:
        """See `Engine`."""
        try:
            import onnxruntime
        except ImportError:
            raise Unavailable("onnxruntime is not installed") from None
        packed, scales = random_int4(workload, np.float32)
        matrix_bytes = packed.nbytes + scales.nbytes
        products, matrices = workload.products(matrix_bytes), workload.matrices(matrix_bytes)
        initializers = [
            tensor
            for i in range(matrices)
            for tensor in (
                numpy_helper.from_array(np.roll(packed, i, axis=1), f"weights{i}"),
                numpy_helper.from_array(np.roll(scales, i, axis=1).reshape(-1), f"scales{i}"),
            )
        ]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = workload.threads
        session = onnxruntime.InferenceSession(
            _model(workload, initializers, products, matrices).SerializeToString(),
            options,
            providers=["CPUExecutionProvider"],
        )
        binding = session.io_binding()
        results = np.zeros((products, workload.batch, workload.rows), np.float32)
        activations = [workload.activation(i) for i in range(products)]
        for i, (x, y) in enumerate(zip(activations, results, strict=True)):
            binding.bind_cpu_input(f"x{i}", x)
            binding.bind_output(f"y{i}", "cpu", 0, np.float32, y.shape, y.ctypes.data)
        checked = workload.checked_rows
        integers = int4_values(packed[checked]) - np.int8(_ZERO_POINT)
        return Prepared(
            matrix_bytes=matrix_bytes,
            products=products,
            run=lambda: session.run_with_iobinding(binding),
            result=lambda product: results[product],
            dense=(integers * scales[checked][..., None]).reshape(len(checked), -1),
            rotation=GROUP,
            tolerance=1e-2,
        )


def _model(
    workload: Workload, initializers: list[TensorProto], products: int, matrices: int
) -> ModelProto:
    x_shape, y_shape = ([workload.batch, columns] for columns in (workload.columns, workload.rows))
    nodes = [
        helper.make_node(
            "MatMulNBits",
            [f"x{i}", f"weights{i % matrices}", f"scales{i % matrices}"],
            [f"y{i}"],
            domain="com.microsoft",
            K=workload.columns,
            N=workload.rows,
            bits=4,
            block_size=GROUP,
            accuracy_level=4,
        )
        for i in range(products)
    ]
    graph = helper.make_graph(
        nodes,
        "products",
        [_value(f"x{i}", x_shape) for i in range(products)],
        [_value(f"y{i}", y_shape) for i in range(products)],
        initializers,
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in _OPSETS]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def _value(name: str, shape: list[int]) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
