# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What IREE may assume of a Vulkan device, and what it must not be left to compile for one.

IREE's own default lists neither 8- nor 16-bit storage, and IREE 3.13 then compiles f16, i16, i8 and
i1 to something else; the targets that it has by name assume the size of a subgroup without asking
the device for it. The portable target lists all types and no subgroup operations. A shader
declares only what it uses, so that a device needs 16-bit floats, for instance, for a model that has
some; the limits are those that Vulkan guarantees.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from iree.compiler import ir

from seedlm.compiler.ir.values import walk
from seedlm.compiler.iree import run_iree_compile
from seedlm.errors import SeedlmError

PORTABLE = "portable"

_TARGET = f"""#hal.device.target<"vulkan", [
  #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb", {{
    iree_codegen.target_info = #iree_gpu.target<
      arch = "{PORTABLE}", features = "spirv:v1.3,cap:Shader", wgp = <
        compute = fp64|fp32|fp16|int64|int32|int16|int8, storage = b64|b32|b16|b8, subgroup = none,
        subgroup_size_choices = [64], max_workgroup_sizes = [128, 128, 64],
        max_thread_count_per_workgroup = 128, max_workgroup_memory_bytes = 16384,
        max_workgroup_counts = [65535, 65535, 65535]>>}}>]>"""
_STORAGE = re.compile(r"\bstorage = (?P<widths>[b\d|]+)")
_ELEMENT = re.compile(r"tensor<(?:[\d?]+x)*(?P<type>[a-z]+(?P<width>\d+))")


def set_portable_target(module: ir.Module) -> None:
    """Makes Vulkan devices in general the target of `module`, whatever iree-compile's flags say."""
    with module.context:
        module.operation.attributes["hal.device.targets"] = ir.ArrayAttr.get(
            [ir.Attribute.parse(_TARGET)]
        )


def check_types(module: ir.Module, flags: Sequence[str], subject: Path, work: Path) -> None:
    """Checks that IREE compiles the types of `module` correctly for the target of `flags`.

    Args:
        module: A module of which tensors are computed on the device.
        flags: iree-compile's flags.
        subject: The file that an error message names.
        work: A folder for temporary files.

    Raises:
        SeedlmError: The target has no storage for a type, or IREE failed.
    """
    empty, preprocessed = work / "empty.mlir", work / "preprocessed.mlir"
    empty.write_text("module {}")
    arguments = [str(empty), *flags, "--compile-to=preprocessing", "-o", str(preprocessed)]
    run_iree_compile(arguments, subject)
    supported = storage_widths(preprocessed.read_text())
    for name, width in sorted(element_types(module).items()):
        if width not in supported:
            raise SeedlmError(
                f"{subject}: IREE miscomputes {name} for this Vulkan target, which has no "
                f"{width}-bit storage: use --vulkan-target {PORTABLE}"
            )


def storage_widths(module: str) -> frozenset[int]:
    """Returns the bits of the elements that all targets in the text of a module can store."""
    widths = [
        frozenset(int(width[1:]) for width in match["widths"].split("|"))
        for match in _STORAGE.finditer(module)
    ]
    return frozenset.intersection(*widths) if widths else frozenset()


def element_types(module: ir.Module) -> dict[str, int]:
    """Returns the element types of all tensors of `module` with the bits that each is stored in."""
    types = {
        str(value.type)
        for operation in walk(module.operation)
        for value in [*operation.operands, *operation.results]
    }
    found = [match for type_ in types for match in _ELEMENT.finditer(type_)]
    return {match["type"]: max(8, int(match["width"])) for match in found}
