# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The report inside a module: a reflection attribute that survives into the .vmfb."""

from iree.compiler import ir

from seedlm.compiler.signature import entry_point
from seedlm.passes.externalize_constants import MANIFEST

_REFLECTION = "iree.reflection"


def attach_manifest(module: ir.Module, manifest: str) -> None:
    """Attaches a manifest to the entry point of `module`, if it has one."""
    function = entry_point(module)
    if function is None:
        return
    with function.context:
        known = function.attributes.get(_REFLECTION)
        entries = {each.name: each.attr for each in ir.DictAttr(known)} if known else {}
        entries[MANIFEST] = ir.StringAttr.get(manifest)
        function.attributes[_REFLECTION] = ir.DictAttr.get(entries)
