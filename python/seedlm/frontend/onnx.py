# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX models, by IREE's importer.

The importer is given a copy of the graph without external data, brought to an opset that it knows
and with its shapes inferred; weights go straight from the model's files to a parameter archive.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto
from onnx.external_data_helper import load_external_data_for_model, uses_external_data

from seedlm.compiler.imported import Imported
from seedlm.compiler.iree import run_python_module
from seedlm.errors import SeedlmError
from seedlm.frontend._onnx_data import (
    check_data,
    external_files,
    load_data,
    small_initializers,
    write_weights,
)

SCOPE = "model"
_IMPORTER = "seedlm.frontend._import_onnx"
_MIN_OPSET = 17
_MAX_PROTO_BYTES = 2**31 - 1


def import_onnx(model: Path, work: Path) -> Imported:
    """Imports an ONNX model into `work`, its weights as parameters of scope "model".

    Raises:
        SeedlmError: The model is damaged, its external data is missing, too short or outside of
            its folder, or the importer does not know one of its operators.
    """
    graph = _load(model)
    _name_constants(graph.graph, set())
    _check_names(model, graph)
    tensors = [*graph.graph.initializer, *_tensors_in_nodes(graph.graph)]
    external = external_files(model, tensors)
    for tensor in tensors:
        check_data(model, tensor)
    for tensor in (*small_initializers(graph.graph), *_tensors_in_nodes(graph.graph)):
        load_data(model, tensor)
    graph = _infer_shapes(model, _upgrade(model, graph))
    copy, mlir, archive = work / "graph.onnx", work / "graph.mlir", work / "weights.irpa"
    copy.write_bytes(graph.SerializeToString())
    arguments = [str(copy), "-o", str(mlir), "--large-model", f"--data-dir={model.parent}"]
    externalize = ["--externalize-params", f"--params-scope={SCOPE}", "--no-save-params"]
    run_python_module(_IMPORTER, [*arguments, *externalize], model)
    copy.unlink()
    write_weights(model, graph.graph, archive)
    return Imported(model, mlir, {SCOPE: archive}, _input_names(graph.graph), external)


def _load(model: Path) -> onnx.ModelProto:
    try:
        graph = onnx.load(model, load_external_data=False)
    except DecodeError:
        raise SeedlmError(f"{model}: not an ONNX model, or a damaged one") from None
    except OSError as error:
        raise SeedlmError(f"{model}: {error.strerror}") from None
    if not graph.graph.output or not graph.opset_import:
        raise SeedlmError(f"{model}: not an ONNX model, or a damaged one")
    return graph


def _name_constants(graph: onnx.GraphProto, taken: set[str]) -> None:
    """Names constants after their node's output unless they have a name of their own.

    To unnamed ones the importer would give random names, to those of one name the same data.
    """
    taken |= {initializer.name for initializer in graph.initializer}
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                _name_constants(attribute.g, taken)
            elif attribute.type == onnx.AttributeProto.TENSOR:
                if not attribute.t.name or attribute.t.name in taken:
                    attribute.t.name = node.output[0]
                taken.add(attribute.t.name)


def _check_names(model: Path, graph: onnx.ModelProto) -> None:
    """The importer replaces ':' in names and does not escape quotes: names must survive that."""
    names = [initializer.name for initializer in graph.graph.initializer]
    for name in names:
        if '"' in name or "\\" in name or not name.isprintable():
            raise SeedlmError(f"{model}: tensor {name!r} has a quote or other special in its name")
    for name, count in Counter(name.replace(":", "_") for name in names).items():
        if count > 1:
            raise SeedlmError(f"{model}: {count} tensors are named '{name}'")


def _tensors_in_nodes(graph: onnx.GraphProto) -> Iterator[TensorProto]:
    """Yields the tensors that are attributes of nodes, and all those of subgraphs."""
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from attribute.g.initializer
                yield from _tensors_in_nodes(attribute.g)
            elif attribute.type == onnx.AttributeProto.TENSOR:
                yield attribute.t


def _input_names(graph: onnx.GraphProto) -> tuple[str, ...]:
    """Returns the inputs of a graph; before IR version 4 it lists its initializers among them."""
    initializers = {initializer.name for initializer in graph.initializer}
    return tuple(value.name for value in graph.input if value.name not in initializers)


def _upgrade(model: Path, graph: onnx.ModelProto) -> onnx.ModelProto:
    """Returns the model in an opset that the importer supports in full."""
    version = next((o.version for o in graph.opset_import if o.domain in ("", "ai.onnx")), None)
    if version is None or version >= _MIN_OPSET:
        return graph
    external = [i for i in graph.graph.initializer if uses_external_data(i)]
    try:
        if external:
            load_external_data_for_model(graph, str(model.parent))
        return onnx.version_converter.convert_version(graph, _MIN_OPSET)
    except (RuntimeError, ValueError, onnx.checker.ValidationError) as error:
        reason = str(error).strip().splitlines()[0]
        raise SeedlmError(
            f"{model}: cannot convert opset {version} to {_MIN_OPSET}: {reason}"
        ) from None


def _infer_shapes(model: Path, graph: onnx.ModelProto) -> onnx.ModelProto:
    if graph.ByteSize() > _MAX_PROTO_BYTES:
        raise SeedlmError(f"{model}: over 2 GB in one file; keep its weights as external data")
    try:
        return onnx.shape_inference.infer_shapes(graph, data_prop=True)
    except onnx.shape_inference.InferenceError as error:
        raise SeedlmError(f"{model}: {str(error).splitlines()[0]}") from None
