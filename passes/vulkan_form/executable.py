# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The executables with kernels, one for all dispatches of a code."""

from dataclasses import dataclass, field
from pathlib import Path

from iree.compiler import ir
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from seedlm.codec import preset
from seedlm.passes.pack_codes import group_records
from seedlm.passes.vulkan_form.kernels import KERNELS, read_spirv

ENTRY = KERNELS[0].name
"""The entry point of all dispatches: IREE goes on from it to the kernel for the workload."""

_NUMBERS = 5
_WORD_BYTES = 4
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    undefined=StrictUndefined,
    trim_blocks=True,
)


@dataclass
class Executables:
    """The executables with kernels of a module.

    Attributes:
        module: The module.
    """

    module: ir.Module
    _names: set[str] = field(default_factory=set, init=False)

    def symbol(self, preset_name: str, element: str) -> str:
        """Returns the name of the executable for a code, which is added if there is none yet.

        Its entry point `ENTRY` takes five numbers, the planes of the codes, the scales if rows have
        some, the activation, and the bias and the other tensor of the epilogue; its workload is the
        rows of the weight and of the activation.

        Raises:
            SeedlmError: The package was built without kernels for it.
        """
        name = f"seedlm_{preset_name.replace('-', '_')}_{element}"
        if name not in self._names:
            self._insert(name, read_spirv(preset_name, element), _bindings(preset_name))
            self._names.add(name)
        return name

    def _insert(self, name: str, spirv: bytes, bindings: int) -> None:
        text = _TEMPLATES.get_template("executable.mlir.j2").render(
            name=name, kernels=KERNELS, spirv=spirv, numbers=_NUMBERS, bindings=bindings
        )
        parsed = ir.Module.parse(text, self.module.context)
        executable = parsed.body.operations[0].operation
        executable.detach_from_parent()
        ir.InsertionPoint.at_block_begin(self.module.body).insert(executable)


def _bindings(preset_name: str) -> int:
    code = preset(preset_name)
    group_bytes = group_records(code.record_bits) * code.record_bits // 8
    words, bytes_ = divmod(group_bytes, _WORD_BYTES)
    return words + bytes_ + (code.scale == "row") + len(("x", "bias", "other", "result"))
