# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""OpenVINO: signed 4-bit integers with a scale for each 128 columns.

Activations are rounded to 8 bits in groups of 128 columns, which is faster than its default of 32
and than no rounding.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from seedlm.bench.engine import Prepared, Unavailable
from seedlm.bench.engines.stock_iree import GROUP, random_int4, signed_weights
from seedlm.bench.workload import Workload


@dataclass(frozen=True)
class OpenVino:
    """i4 constants, converted and multiplied by f16 scales, as compressed models have them."""

    name: str = f"openvino/int4-g{GROUP}"

    def prepare(self, workload: Workload) -> Prepared:
        """See `Engine`."""
        try:
            import openvino
            from openvino import opset13
        except ImportError:
            raise Unavailable("openvino is not installed") from None
        packed, scales = random_int4(workload, np.float16)
        matrix_bytes = packed.nbytes + scales.nbytes
        products, matrices = workload.products(matrix_bytes), workload.matrices(matrix_bytes)
        weights = [
            _weights(np.roll(packed, i, axis=1), np.roll(scales, i, axis=1))
            for i in range(matrices)
        ]
        inputs = [
            opset13.parameter([workload.batch, workload.columns], np.float32)
            for _ in range(products)
        ]
        outputs = [
            opset13.matmul(x, weights[i % matrices], transpose_a=False, transpose_b=True)
            for i, x in enumerate(inputs)
        ]
        model = openvino.Model(outputs, inputs, "products")
        compiled = openvino.Core().compile_model(model, "CPU", _options(workload.threads))
        request = compiled.create_infer_request()
        for i in range(products):
            request.set_input_tensor(i, openvino.Tensor(workload.activation(i)))
        return Prepared(
            matrix_bytes=matrix_bytes,
            products=products,
            run=request.infer,
            result=lambda product: np.array(request.get_output_tensor(product).data),
            dense=signed_weights(packed, scales, workload.checked_rows),
            rotation=GROUP,
            tolerance=1e-2,
        )


def _options(threads: int) -> dict[str, str]:
    return {
        "INFERENCE_NUM_THREADS": str(threads),
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": str(GROUP),
    }


def _weights(packed: npt.NDArray[np.uint8], scales: npt.NDArray[np.float16]) -> Any:
    """Returns the node of a matrix [rows, columns]."""
    import openvino
    from openvino import opset13

    rows, groups = scales.shape
    shape = openvino.Shape([rows, groups, GROUP])
    elements = openvino.Tensor(packed.reshape(-1), shape, openvino.Type.i4)
    integers = opset13.convert(openvino.op.Constant(elements, shared_memory=False), "f16")
    scaled = opset13.multiply(integers, opset13.constant(scales[..., None]))
    flat = opset13.constant(np.array([rows, groups * GROUP], np.int64))
    return opset13.convert(opset13.reshape(scaled, flat, special_zero=False), "f32")
