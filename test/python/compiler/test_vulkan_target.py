# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What IREE is told of Vulkan devices, and types that it must not compile for one."""

from pathlib import Path

import pytest
from iree.compiler import ir

from seedlm.compiler.ir.context import make_context
from seedlm.compiler.targets import Target
from seedlm.compiler.vulkan_target import (
    check_types,
    element_types,
    set_portable_target,
    storage_widths,
)
from seedlm.errors import SeedlmError

_SUBJECT = Path("model.onnx")
_ADD = """
func.func @f(%x: tensor<?x4x{0}>) -> tensor<?x4x{0}> {{
  %y = arith.addf %x, %x : tensor<?x4x{0}>
  return %y : tensor<?x4x{0}>
}}
"""
_COMPARE = """
func.func @f(%x: tensor<4xf32>) -> tensor<4xi1> {
  %y = arith.cmpf olt, %x, %x : tensor<4xf32>
  return %y : tensor<4xi1>
}
"""


def _parse(text: str) -> ir.Module:
    return ir.Module.parse(text, make_context())


def _check(text: str, gpu: str, work: Path) -> None:
    check_types(_parse(text), Target("vulkan", gpu=gpu).iree_flags(), _SUBJECT, work)


def test_portable_target_has_all_types_and_no_subgroups() -> None:
    module = _parse(_COMPARE)
    set_portable_target(module)
    text = str(module.operation.attributes["hal.device.targets"])
    assert storage_widths(text) == {8, 16, 32, 64}
    assert "subgroup = none" in text
    assert "mma" not in text


def test_element_types() -> None:
    assert element_types(_parse(_COMPARE)) == {"f32": 32, "i1": 8}
    assert element_types(_parse(_ADD.format("bf16"))) == {"bf16": 16}


@pytest.mark.parametrize(
    ("text", "name", "width"),
    [(_ADD.format("f16"), "f16", 16), (_ADD.format("bf16"), "bf16", 16), (_COMPARE, "i1", 8)],
)
def test_types_that_the_default_of_iree_miscomputes(
    text: str, name: str, width: int, tmp_path: Path
) -> None:
    says = rf"^model\.onnx: IREE miscomputes {name} .* no {width}-bit storage: .* portable$"
    with pytest.raises(SeedlmError, match=says):
        _check(text, "vp_android_baseline_2022", tmp_path)


def test_types_that_a_target_has(tmp_path: Path) -> None:
    _check(_ADD.format("f16"), "rdna3", tmp_path)
    _check(_COMPARE, "ampere", tmp_path)
    _check(_ADD.format("f32"), "vp_android_baseline_2022", tmp_path)


def test_unknown_gpu(tmp_path: Path) -> None:
    says = r"^model\.onnx: iree-compile crashed \(SIGSEGV\): Unknown Vulkan target 'abacus'"
    with pytest.raises(SeedlmError, match=says):
        _check(_COMPARE, "abacus", tmp_path)


def test_no_target() -> None:
    assert storage_widths("module {}") == frozenset()
