# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The executables with kernels, one for all dispatches of a kernel."""

from dataclasses import dataclass, field

from iree.compiler import ir

from seedlm.codec import preset
from seedlm.passes.pack_codes import group_records
from seedlm.passes.vulkan_form.kernels import read_spirv

ENTRY = "main"
_NUMBERS = 5
_WORD_BYTES = 4
_EXECUTABLE = """
#target = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb">
#read = #hal.pipeline.binding<storage_buffer, ReadOnly>
#written = #hal.pipeline.binding<storage_buffer>
"hal.executable.source"() <{{sym_name = "{name}", sym_visibility = "private",
  objects = #hal.executable.objects<{{#target = [#hal.executable.object<{{
    path = "{name}.spv", data = dense<"0x{data}"> : vector<{size}xi8>}}>]}}>}}> ({{
  hal.executable.export public @{entry} ordinal(0)
    layout(#hal.pipeline.layout<constants = {numbers}, bindings = [{bindings}]>)
    count(%device: !hal.device, %x: index, %y: index) -> (index, index, index) {{
      %one = arith.constant 1 : index
      hal.return %x, %y, %one : index, index, index
    }}
  "hal.executable.source_end"() : () -> ()
}}) : () -> ()
"""


@dataclass
class Executables:
    """The executables with kernels of a module.

    Attributes:
        module: The module.
    """

    module: ir.Module
    _names: set[str] = field(default_factory=set, init=False)

    def symbol(self, preset_name: str, element: str, kernel: str) -> str:
        """Returns the name of the executable of a kernel, which is added if there is none yet.

        Its entry point `ENTRY` takes five numbers, the planes of the codes, the scales if rows have
        some, the activation, the bias and the residual; its workload is the workgroups along x, y.

        Raises:
            SeedlmError: The package was built without the kernel.
        """
        name = f"seedlm_{kernel}_{preset_name.replace('-', '_')}_{element}"
        if name not in self._names:
            spirv = read_spirv(preset_name, element, kernel)
            self._names.add(name)
            self._insert(name, spirv, _bindings(preset_name))
        return name

    def _insert(self, name: str, spirv: bytes, bindings: int) -> None:
        text = _EXECUTABLE.format(
            name=name,
            entry=ENTRY,
            data=spirv.hex(),
            size=len(spirv),
            numbers=_NUMBERS,
            bindings=", ".join([*["#read"] * (bindings - 1), "#written"]),
        )
        parsed = ir.Module.parse(text, self.module.context)
        executable = parsed.body.operations[0].operation
        executable.detach_from_parent()
        ir.InsertionPoint.at_block_begin(self.module.body).insert(executable)


def _bindings(preset_name: str) -> int:
    code = preset(preset_name)
    group_bytes = group_records(code.record_bits) * code.record_bits // 8
    words, bytes_ = divmod(group_bytes, _WORD_BYTES)
    return words + bytes_ + (code.scale == "row") + len(("x", "bias", "residual", "result"))
