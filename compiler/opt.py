# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What seedlm-opt does with a file: parse, run passes, print or check the diagnostics."""

import re
from dataclasses import dataclass

from iree.compiler import ir

from seedlm.compiler.dialect import verify
from seedlm.compiler.expectations import Message, message_of, mismatches
from seedlm.compiler.ir.context import make_context
from seedlm.errors import SeedlmError
from seedlm.passes.pipeline import parse_pipeline, run_pipeline

_SPLIT = re.compile(r"^// -----.*$", re.MULTILINE)
_SPLIT_MARK = "// -----\n"


@dataclass(frozen=True)
class OptOptions:
    """How a file is processed.

    Attributes:
        pipeline: A textual pass pipeline; empty to parse and verify only.
        split_input_file: Whether `// -----` lines separate independent modules.
        verify_diagnostics: Whether diagnostics are checked against `expected-error` comments
            instead of printed.
    """

    pipeline: str = ""
    split_input_file: bool = False
    verify_diagnostics: bool = False


@dataclass(frozen=True)
class OptResult:
    """The transformed modules as text, and one line for each problem: empty on success."""

    output: str
    problems: list[str]


def optimize(source: str, options: OptOptions) -> OptResult:
    """Runs a pipeline over MLIR text.

    Raises:
        SeedlmError: The pipeline is invalid.
    """
    chunks = _split(source) if options.split_input_file else [source]
    results = [_optimize_chunk(chunk, options) for chunk in chunks]
    outputs = [result.output for result in results if result.output]
    return OptResult(_SPLIT_MARK.join(outputs), [p for result in results for p in result.problems])


def _split(source: str) -> list[str]:
    """Returns the modules of a file, each on the lines that it has in the file."""
    chunks: list[str] = []
    lines = 0
    for chunk in _SPLIT.split(source):
        chunks.append("\n" * lines + chunk)
        lines += chunk.count("\n")
    return chunks


def _optimize_chunk(source: str, options: OptOptions) -> OptResult:
    messages: list[Message] = []
    context = make_context()
    with context, ir.Location.unknown():

        def collect(diagnostic: ir.Diagnostic) -> bool:
            messages.append(message_of(diagnostic))
            return True

        handler = context.attach_diagnostic_handler(collect)
        output = _transform(source, options.pipeline, context, messages)
        handler.detach()
    if options.verify_diagnostics:
        return OptResult("", mismatches(source, messages))
    return OptResult(
        output, [f"{m.line or '?'}: {m.kind}: {m.text}" for m in messages if m.kind == "error"]
    )


def _transform(source: str, pipeline: str, context: ir.Context, messages: list[Message]) -> str:
    """Returns the transformed module as text, empty if there is an error in `messages`."""
    passes = parse_pipeline(pipeline)
    try:
        module = ir.Module.parse(source, context)
    except ir.MLIRError as error:
        messages += [message_of(each) for each in error.error_diagnostics]
        return ""
    try:
        if not verify(module):
            return ""
        run_pipeline(module, passes)
    except SeedlmError as error:
        module.operation.location.emit_error(str(error))
        return ""
    return str(module)
