# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Executables as MLIR text, which templates make.

IREE's bindings have no builders for the dialects of executables. IREE leaves executables that are
written out alone until it generates code.
"""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from seedlm.passes.cpu_form.buffers import Buffer

NAME = "@NAME"
"""What stands for the name of an executable and its entry point."""

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    undefined=StrictUndefined,
    trim_blocks=True,
)
_PIPELINE = (
    "iree-codegen-generic-vectorization, canonicalize, cse, "
    "iree-codegen-llvmcpu-vector-lowering-pipeline"
)


def render(
    template: str,
    batch: int | None,
    bound: Sequence[Buffer],
    numbers: Sequence[Buffer],
    **values: object,
) -> str:
    """Returns what a template makes of `values`.

    Args:
        template: The file.
        batch: Rows of the result; None if known at run time only, when they are an argument.
        bound: The tensors that the entry point takes.
        numbers: Buffers of one element, which it takes after them as numbers.
        values: The names that the template uses, beside those that all use.
    """
    workload = "%batch: index" if batch is None else ""
    return _TEMPLATES.get_template(template).render(
        name=NAME,
        pipeline=_PIPELINE,
        workload=workload,
        static_batch="" if batch is None else f"%batch = arith.constant {batch} : index",
        arguments=[
            *(f"%{buffer.name}: !stream.binding" for buffer in bound),
            *(f"%{buffer.name}: {buffer.element}" for buffer in numbers),
            *filter(None, [workload]),
        ],
        bound=bound,
        numbers=numbers,
        **values,
    )
