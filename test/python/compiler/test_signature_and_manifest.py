# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The entry point of a module, the types of its inputs and the manifest on it."""

import json

import pytest
from iree.compiler import ir

from seedlm.compiler.ir.context import make_context
from seedlm.compiler.manifest import attach_manifest
from seedlm.compiler.signature import entry_point, input_types

TENSORS = """
func.func private @helper(tensor<3xf32>)
func.func @main(%x: tensor<?x64xf32>, %ids: tensor<4xi64>) -> tensor<4xi64> {
  return %ids : tensor<4xi64>
}
func.func @another(%x: tensor<1xf32>) { return }
"""
BUFFERS = """
util.func public @main$async(%x: !hal.buffer_view, %wait: !hal.fence, %signal: !hal.fence)
    -> !hal.buffer_view attributes {iree.reflection = {iree.abi.model = "coarse-fences"}} {
  %size = hal.buffer_view.dim<%x : !hal.buffer_view>[1] : index
  %t = hal.tensor.import wait(%wait) => %x : !hal.buffer_view -> tensor<2x?xf16>{%size}
  util.return %x : !hal.buffer_view
}
"""
NOTHING = "func.func private @helper(tensor<3xf32>)"


def parse(text: str) -> ir.Module:
    return ir.Module.parse(text, make_context())


@pytest.mark.parametrize(
    ("text", "name"),
    [(TENSORS, "main"), (BUFFERS, "main$async"), (NOTHING, None), ("", None)],
)
def test_entry_point(text: str, name: str | None) -> None:
    function = entry_point(parse(text))
    found = None if function is None else ir.StringAttr(function.attributes["sym_name"]).value
    assert found == name


@pytest.mark.parametrize(
    ("text", "types"),
    [
        (TENSORS, ["tensor<?x64xf32>", "tensor<4xi64>"]),
        (BUFFERS, ["tensor<2x?xf16>"]),
        (NOTHING, []),
        ("", []),
    ],
)
def test_input_types(text: str, types: list[str]) -> None:
    assert input_types(parse(text)) == types


@pytest.mark.parametrize("manifest", ["{}", json.dumps({"name": 'a"b\\c', "x": "ö\n"})])
@pytest.mark.parametrize("text", [TENSORS, BUFFERS])
def test_manifest_is_attached_once(text: str, manifest: str) -> None:
    module = parse(text)
    attach_manifest(module, "old")
    attach_manifest(module, manifest)
    function = entry_point(module)
    assert function is not None
    entries = ir.DictAttr(function.attributes["iree.reflection"])
    assert ir.StringAttr(entries["seedlm.manifest"]).value == manifest
    assert ("iree.abi.model" in entries) == (text == BUFFERS)
    assert module.operation.verify()


def test_module_without_entry_point_gets_no_manifest() -> None:
    module = parse(NOTHING)
    before = str(module)
    attach_manifest(module, "{}")
    assert str(module) == before
