# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small ONNX models, and how each of their weights is a matrix."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[Any]
Shape = Sequence[int | str]

ONNX_TYPES: dict[npt.DTypeLike, int] = {
    np.dtype(np.float32): TensorProto.FLOAT,
    np.dtype(np.float16): TensorProto.FLOAT16,
    np.dtype(ml_dtypes.bfloat16): TensorProto.BFLOAT16,
    np.dtype(np.float64): TensorProto.DOUBLE,
    np.dtype(np.int64): TensorProto.INT64,
}
FLOAT32 = np.dtype(np.float32)


@dataclass(frozen=True)
class SmallModel:
    """A model, its inputs, and the dimensions that are the columns of each compressed weight.

    `columns` has the weight's dimensions that are summed over; the others, in order, are its rows.
    `split` is the same model for the judge, where a weight is also read dense: its compressed uses
    read it under its own name, the dense ones under another.
    """

    proto: onnx.ModelProto
    inputs: tuple[Array, ...]
    columns: dict[str, tuple[int, ...]] = field(default_factory=dict)
    split: onnx.ModelProto | None = None
    embeddings: bool = False
    tolerance: float = 1e-5


def gaussian(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng((seed, *shape)).standard_normal(shape).astype(np.float32)


def graph_model(
    nodes: Sequence[onnx.NodeProto],
    inputs: dict[str, tuple[Shape, npt.DTypeLike]],
    outputs: dict[str, tuple[Shape, npt.DTypeLike]],
    weights: dict[str, Array],
    opset: int = 17,
) -> onnx.ModelProto:
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [_value(name, *spec) for name, spec in inputs.items()],
        [_value(name, *spec) for name, spec in outputs.items()],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    opsets = [helper.make_opsetid("", opset)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def _value(name: str, shape: Shape, dtype: npt.DTypeLike) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, ONNX_TYPES[np.dtype(dtype)], list(shape))


def matmul_model(
    k: int = 64,
    n: int = 96,
    *,
    batch: Shape = (4,),
    sizes: Sequence[int] | None = None,
    dtype: npt.DTypeLike = np.float32,
    tolerance: float = 1e-5,
) -> SmallModel:
    """x [batch.., k] @ w [k, n]; `sizes` are what dynamic batch dimensions are run with."""
    proto = graph_model(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        {"x": ([*batch, k], dtype)},
        {"y": ([*batch, n], dtype)},
        {"w": gaussian(k, n).astype(dtype)},
    )
    x = gaussian(*(sizes or batch), k, seed=1).astype(dtype)
    return SmallModel(proto, (x,), {"w": (0,)}, tolerance=tolerance)


def gemm_model(trans_a: int, trans_b: int, **attributes: float) -> SmallModel:
    m, k, n = 5, 64, 72
    a_shape, b_shape = (k, m) if trans_a else (m, k), (n, k) if trans_b else (k, n)
    node = helper.make_node(
        "Gemm", ["a", "w", "bias"], ["y"], transA=trans_a, transB=trans_b, **attributes
    )
    weights = {"w": gaussian(*b_shape), "bias": gaussian(n)}
    proto = graph_model([node], {"a": (a_shape, FLOAT32)}, {"y": ((m, n), FLOAT32)}, weights)
    return SmallModel(proto, (gaussian(*a_shape, seed=1),), {"w": (1,) if trans_b else (0,)})


def vector_matrix_model() -> SmallModel:
    proto = graph_model(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        {"x": ((64,), FLOAT32)},
        {"y": ((96,), FLOAT32)},
        {"w": gaussian(64, 96)},
    )
    return SmallModel(proto, (gaussian(64, seed=1),), {"w": (0,)})


def left_weight_model(*inner: int) -> SmallModel:
    """w [96, 64] @ x [64, inner..]: the weight is the first operand."""
    proto = graph_model(
        [helper.make_node("MatMul", ["w", "x"], ["y"])],
        {"x": ((64, *inner), FLOAT32)},
        {"y": ((96, *inner), FLOAT32)},
        {"w": gaussian(96, 64)},
    )
    return SmallModel(proto, (gaussian(64, *inner, seed=1),), {"w": (1,)})


def conv_model(
    kernel: Sequence[int],
    *,
    channels: int = 16,
    filters: int = 32,
    group: int = 1,
    compressed: bool = True,
    **attributes: Sequence[int],
) -> SmallModel:
    """Convolution of one image [1, channels, 12..] by w [filters, channels / group, kernel..]."""
    weights = {"w": gaussian(filters, channels // group, *kernel), "bias": gaussian(filters)}
    node = helper.make_node("Conv", ["x", "w", "bias"], ["y"], group=group, **attributes)
    image = gaussian(1, channels, *[12] * len(kernel), seed=1)
    output: list[int | str] = [1, filters, *[f"size{i}" for i in range(len(kernel))]]
    proto = graph_model([node], {"x": (image.shape, FLOAT32)}, {"y": (output, FLOAT32)}, weights)
    proto = onnx.shape_inference.infer_shapes(proto)
    columns = {"w": tuple(range(1, 2 + len(kernel)))} if compressed else {}
    return SmallModel(proto, (image,), columns)


def tied_model(embeddings: bool) -> SmallModel:
    """A table [200, 64] that rows are gathered from, and that is the head's weight."""
    ids = np.array([[3, 199, 0, 77, 3]], np.int64)
    split = None if embeddings else _tied_proto("table.dense")
    return SmallModel(_tied_proto("table"), (ids,), {"table": (1,)}, split, embeddings)


def _tied_proto(embedding: str) -> onnx.ModelProto:
    """Gathers from the table `embedding`; the head multiplies with "table"."""
    return graph_model(
        [
            helper.make_node("Gather", [embedding, "ids"], ["h"], axis=0),
            helper.make_node("Tanh", ["h"], ["t"]),
            helper.make_node("Transpose", ["table"], ["head"], perm=[1, 0]),
            helper.make_node("MatMul", ["t", "head"], ["y"]),
        ],
        {"ids": ((1, "seq"), np.int64)},
        {"h": ((1, "seq", 64), FLOAT32), "y": ((1, "seq", 200), FLOAT32)},
        {embedding: gaussian(200, 64), "table": gaussian(200, 64)},
    )


def also_elementwise_model() -> SmallModel:
    """A weight that is multiplied with as a matrix and then element by element."""
    x = gaussian(80, 80, seed=1)
    split = _also_elementwise_proto("w.dense")
    return SmallModel(_also_elementwise_proto("w"), (x,), {"w": (0,)}, split)


def _also_elementwise_proto(factor: str) -> onnx.ModelProto:
    return graph_model(
        [
            helper.make_node("MatMul", ["x", "w"], ["h"]),
            helper.make_node("Mul", ["h", factor], ["y"]),
        ],
        {"x": ((80, 80), FLOAT32)},
        {"y": ((80, 80), FLOAT32)},
        {factor: gaussian(80, 80), "w": gaussian(80, 80)},
    )


def used_twice_model() -> SmallModel:
    proto = graph_model(
        [
            helper.make_node("MatMul", ["x", "w"], ["h"]),
            helper.make_node("MatMul", ["h", "w"], ["y"]),
        ],
        {"x": ((5, 80), FLOAT32)},
        {"y": ((5, 80), FLOAT32)},
        {"w": gaussian(80, 80)},
    )
    return SmallModel(proto, (gaussian(5, 80, seed=1),), {"w": (0,)})


def einsum_model() -> SmallModel:
    proto = graph_model(
        [helper.make_node("Einsum", ["x", "w"], ["y"], equation="bik,kj->bij")],
        {"x": ((2, 5, 80), FLOAT32)},
        {"y": ((2, 5, 64), FLOAT32)},
        {"w": gaussian(80, 64)},
    )
    return SmallModel(proto, (gaussian(2, 5, 80, seed=1),), {"w": (0,)})


def constant_node_model(name: str = "") -> SmallModel:
    """A weight that is the value, named `name`, of the node Constant -> w."""
    value = numpy_helper.from_array(gaussian(64, 96), name)
    proto = graph_model(
        [
            helper.make_node("Constant", [], ["w"], value=value),
            helper.make_node("MatMul", ["x", "w"], ["y"]),
        ],
        {"x": ((4, 64), FLOAT32)},
        {"y": ((4, 96), FLOAT32)},
        {},
    )
    return SmallModel(proto, (gaussian(4, 64, seed=1),), {name or "w": (0,)})


def embedding_model(embeddings: bool) -> SmallModel:
    """Rows gathered from a table [200, 40], nothing else."""
    proto = graph_model(
        [helper.make_node("Gather", ["table", "ids"], ["y"], axis=0)],
        {"ids": (("batch", 3), np.int64)},
        {"y": (("batch", 3, 40), FLOAT32)},
        {"table": gaussian(200, 40)},
    )
    ids = np.array([[199, 0, 7], [8, 9, 198]], np.int64)
    columns = {"table": (1,)} if embeddings else {}
    return SmallModel(proto, (ids,), columns, embeddings=embeddings)


def two_layer_model(hidden: int = 128, seed: int = 0) -> SmallModel:
    """x [batch, 64] -> relu(x @ w1 + b1) @ w2, with dense biases."""
    proto = graph_model(
        [
            helper.make_node("MatMul", ["x", "layer1.weight"], ["m"]),
            helper.make_node("Add", ["m", "layer1.bias"], ["a"]),
            helper.make_node("Relu", ["a"], ["h"]),
            helper.make_node("MatMul", ["h", "layer2.weight"], ["y"]),
        ],
        {"x": (("batch", 64), FLOAT32)},
        {"y": (("batch", 64), FLOAT32)},
        {
            "layer1.weight": gaussian(64, hidden, seed=seed),
            "layer1.bias": gaussian(hidden, seed=seed),
            "layer2.weight": gaussian(hidden, 64, seed=seed + 1),
        },
    )
    columns = {"layer1.weight": (0,), "layer2.weight": (0,)}
    return SmallModel(proto, (gaussian(3, 64, seed=5),), columns)


def gated_model(*batch: int, width: int = 48, hidden: int = 72) -> SmallModel:
    """x + (silu(x W1) * (x W2)) W3 + b, a layer of a language model, with a dynamic batch."""
    dims = [f"batch{i}" for i in range(len(batch))]
    weights = {
        "gate.weight": gaussian(width, hidden, seed=1) / 8,
        "up.weight": gaussian(width, hidden, seed=2) / 8,
        "down.weight": gaussian(hidden, width, seed=3) / 8,
        "down.bias": gaussian(width, seed=4),
    }
    nodes = [
        helper.make_node("MatMul", ["x", "gate.weight"], ["gate"]),
        helper.make_node("Sigmoid", ["gate"], ["sigmoid"]),
        helper.make_node("Mul", ["gate", "sigmoid"], ["silu"]),
        helper.make_node("MatMul", ["x", "up.weight"], ["up"]),
        helper.make_node("Mul", ["silu", "up"], ["gated"]),
        helper.make_node("MatMul", ["gated", "down.weight"], ["down"]),
        helper.make_node("Add", ["down", "down.bias"], ["biased"]),
        helper.make_node("Add", ["x", "biased"], ["y"]),
    ]
    shape = ([*dims, width], FLOAT32)
    proto = graph_model(nodes, {"x": shape}, {"y": shape}, weights)
    columns = {name: (0,) for name in weights if name.endswith("weight")}
    return SmallModel(proto, (gaussian(*batch, width),), columns)


def cast_weight_model() -> SmallModel:
    """A float16 weight that is converted to float32 before it is multiplied with."""
    proto = graph_model(
        [
            helper.make_node("Cast", ["w"], ["wide"], to=TensorProto.FLOAT),
            helper.make_node("MatMul", ["x", "wide"], ["y"]),
        ],
        {"x": ((4, 64), FLOAT32)},
        {"y": ((4, 96), FLOAT32)},
        {"w": gaussian(64, 96).astype(np.float16)},
    )
    return SmallModel(proto, (gaussian(4, 64, seed=1),), {"w": (0,)}, tolerance=2e-3)


def weights_of(model: onnx.ModelProto) -> dict[str, Array]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in _tensors(_named(model))}


def with_weights(model: onnx.ModelProto, weights: dict[str, Array]) -> onnx.ModelProto:
    """Returns a copy of `model` where the named initializers and Constant nodes are replaced."""
    copy = _named(model)
    for tensor in _tensors(copy):
        if tensor.name in weights:
            tensor.CopyFrom(numpy_helper.from_array(weights[tensor.name], tensor.name))
    return copy


def _named(model: onnx.ModelProto) -> onnx.ModelProto:
    """Returns a copy of `model` whose unnamed constants are named after their node's output."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for node in copy.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            node.attribute[0].t.name = node.attribute[0].t.name or node.output[0]
    return copy


def _tensors(model: onnx.ModelProto) -> list[onnx.TensorProto]:
    constants = [n.attribute[0] for n in model.graph.node if n.op_type == "Constant"]
    return [*model.graph.initializer, *(a.t for a in constants if a.name == "value")]


def save_model(model: SmallModel, path: Path) -> Path:
    onnx.save(model.proto, path)
    return path


def save_external(
    model: onnx.ModelProto, path: Path, size_threshold: int = 64, suffix: str = ".data"
) -> Path:
    """Saves a model with its larger weights in the file <path><suffix>."""
    onnx.save(
        with_weights(model, {}),
        path,
        save_as_external_data=True,
        location=f"{path.name}{suffix}",
        size_threshold=size_threshold,
    )
    return path


def mixed_model() -> SmallModel:
    """Tensors of which each but "layer1.weight" is dense for another reason."""
    proto = graph_model(
        [
            helper.make_node("Gather", ["table", "ids"], ["rows"], axis=0),
            helper.make_node("MatMul", ["rows", "layer1.weight"], ["m"]),
            helper.make_node("Add", ["m", "layer1.bias"], ["a"]),
            helper.make_node("Mul", ["a", "factors"], ["f"]),
            helper.make_node("MatMul", ["f", "layer2.weight"], ["y"]),
        ],
        {"ids": ((64,), np.int64)},
        {"y": ((64, 8), FLOAT32)},
        {
            "table": gaussian(200, 64),
            "layer1.weight": gaussian(64, 128),
            "layer1.bias": gaussian(128),
            "factors": gaussian(64, 128),
            "layer2.weight": gaussian(128, 8),
        },
    )
    return SmallModel(proto, (np.arange(64, dtype=np.int64),), {"layer1.weight": (0,)})
