# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pipelines: passes by name, from text and run one after the other."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import cast, get_args

from iree.compiler import ir

from seedlm.codec import Mode
from seedlm.compiler.dialect import verify
from seedlm.compiler.ir.context import first_diagnostic
from seedlm.compiler.ir.parameters import Archives
from seedlm.errors import SeedlmError
from seedlm.passes._pass import Pass
from seedlm.passes.code_plan import BUDGET_CODES, DEFAULT_CODE, Budget, CodePlan, split_pair
from seedlm.passes.compress_constants import CompressConstants
from seedlm.passes.externalize_constants import ExternalizeConstants
from seedlm.passes.fpga_form.offload import DEFAULT_MIN_WEIGHTS, Offload
from seedlm.passes.fuse_generate import FuseGenerate
from seedlm.passes.inline_parameters import InlineParameters
from seedlm.passes.instrument_activations import InstrumentActivations
from seedlm.passes.lower_to_cpu import LowerToCpu
from seedlm.passes.lower_to_fpga import LowerToFpga
from seedlm.passes.lower_to_linalg import LowerToLinalg
from seedlm.passes.lower_to_vulkan import LowerToVulkan
from seedlm.passes.pack_codes import PackCodes
from seedlm.passes.upstream import UpstreamPass
from seedlm.passes.weight_plan import DEFAULT_MIN_SIZE, Selection


class Options:
    """The options of one pass in a textual pipeline: `key=value key=value`."""

    def __init__(self, pass_name: str, text: str) -> None:
        """Splits `text`; lists are separated by commas."""
        self._pass_name = pass_name
        pairs = (item.partition("=") for item in text.split())
        self._values = {key: value if equals else "true" for key, equals, value in pairs}

    def string(self, key: str, default: str) -> str:
        """Takes the value of `key`."""
        return self._values.pop(key, default)

    def strings(self, key: str) -> tuple[str, ...]:
        """Takes the list `key`, empty by default."""
        return tuple(filter(None, self._values.pop(key, "").split(",")))

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        """Takes the value of `key`, one of `choices`; the first by default.

        Raises:
            SeedlmError: It is another.
        """
        value = self._values.pop(key, choices[0])
        if value not in choices:
            known = ", ".join(choices)
            raise SeedlmError(f"pass '{self._pass_name}': {key}={value} is not one of {known}")
        return value

    def integer(self, key: str, default: int) -> int:
        """Takes the integer `key`.

        Raises:
            SeedlmError: It is none.
        """
        text = self._values.pop(key, str(default))
        if not text.isdecimal():
            raise SeedlmError(f"pass '{self._pass_name}': {key}={text} is not a number")
        return int(text)

    def number(self, key: str) -> float | None:
        """Takes the number `key`, None by default.

        Raises:
            SeedlmError: It is none.
        """
        text = self._values.pop(key, None)
        try:
            return None if text is None else float(text)
        except ValueError:
            raise SeedlmError(f"pass '{self._pass_name}': {key}={text} is not a number") from None

    def pairs(self, key: str) -> tuple[tuple[str, str], ...]:
        """Takes the list `key` of pattern=name.

        Raises:
            SeedlmError: An item has no `=`.
        """
        return tuple(split_pair(key, item) for item in self.strings(key))

    def flag(self, key: str) -> bool:
        """Takes the boolean `key`, false by default."""
        return self._values.pop(key, "false") == "true"

    def archives(self, key: str) -> Archives:
        """Takes the list `key` of scope=path."""
        pairs = [item.split("=", 1) for item in self.strings(key)]
        return Archives({pair[0]: Path(pair[-1]) for pair in pairs})

    def finish(self) -> None:
        """Checks that every option was taken.

        Raises:
            SeedlmError: One is left.
        """
        if self._values:
            raise SeedlmError(
                f"pass '{self._pass_name}' has no option '{next(iter(self._values))}'"
            )


def _compress_constants(options: Options) -> Pass:
    return CompressConstants(
        codes=_codes(options),
        selection=_selection(options),
        archives=options.archives("parameters"),
        mode=cast(Mode, options.choice("mode", get_args(Mode))),
    )


def _instrument_activations(options: Options) -> Pass:
    return InstrumentActivations(codes=_codes(options), selection=_selection(options))


def _codes(options: Options) -> CodePlan:
    return CodePlan(
        default=options.string("code", DEFAULT_CODE),
        patterns=options.pairs("code-for"),
        budget=_budget(options),
    )


def _selection(options: Options) -> Selection:
    return Selection(
        include=options.strings("include"),
        exclude=options.strings("exclude"),
        min_size=options.integer("min-size", DEFAULT_MIN_SIZE),
        embeddings=options.flag("compress-embeddings"),
    )


def _budget(options: Options) -> Budget | None:
    bits = options.number("budget")
    codes = options.strings("budget-codes") or BUDGET_CODES
    return None if bits is None else Budget(bits, codes)


def _externalize_constants(options: Options) -> Pass:
    return ExternalizeConstants(
        archive=Path(options.string("archive", "parameters.irpa")),
        archives=options.archives("parameters"),
        min_bytes=options.integer("min-bytes", ExternalizeConstants.min_bytes),
    )


FACTORIES: dict[str, Callable[[Options], Pass]] = {
    CompressConstants.name: _compress_constants,
    ExternalizeConstants.name: _externalize_constants,
    FuseGenerate.name: lambda options: FuseGenerate(),
    InlineParameters.name: lambda options: InlineParameters(options.archives("parameters")),
    InstrumentActivations.name: _instrument_activations,
    LowerToCpu.name: lambda options: LowerToCpu(
        options.string("isa", "x86_64-baseline"), options.string("activations", "f32")
    ),
    LowerToFpga.name: lambda options: LowerToFpga(
        Offload(options.integer("min-weights", DEFAULT_MIN_WEIGHTS))
    ),
    LowerToLinalg.name: lambda options: LowerToLinalg(),
    LowerToVulkan.name: lambda options: LowerToVulkan(),
    PackCodes.name: lambda options: PackCodes(cpu_kernels=options.flag("cpu-kernels")),
}


def parse_pipeline(text: str) -> list[Pass]:
    """Returns the passes of a textual pipeline: `builtin.module(a,b{key=value})` or `a,b{..}`.

    Names that are not seedlm's are passes of MLIR or IREE.

    Raises:
        SeedlmError: An option is unknown or invalid.
    """
    inner = re.fullmatch(r"\s*builtin\.module\((.*)\)\s*", text, re.DOTALL)
    return [_parse_pass(item) for item in _split_top_level(inner[1] if inner else text)]


def run_pipeline(module: ir.Module, passes: Iterable[Pass]) -> None:
    """Runs `passes` in order and verifies the module after each.

    Raises:
        SeedlmError: A pass failed, or left an invalid module, whose diagnostics are emitted.
    """
    for each in passes:
        each.run(module)
        _verify_after(each, module)


def _verify_after(each: Pass, module: ir.Module) -> None:
    if not verify(module):
        raise SeedlmError(f"pass '{each.name}' left invalid IR")
    try:
        module.operation.verify()
    except ir.MLIRError as error:
        reason = first_diagnostic(error)
        raise SeedlmError(f"pass '{each.name}' left invalid IR: {reason}") from None


def _parse_pass(item: str) -> Pass:
    match = re.fullmatch(r"([\w-]+)(?:\{(.*)\})?", item, re.DOTALL)
    if match is None or match[1] not in FACTORIES:
        return UpstreamPass(item)
    options = Options(match[1], match[2] or "")
    result = FACTORIES[match[1]](options)
    options.finish()
    return result


def _split_top_level(text: str) -> list[str]:
    """Splits at the commas outside of braces and parentheses."""
    items, depth = [""], 0
    for character in text:
        depth += (character in "{(") - (character in "})")
        if character == "," and depth == 0:
            items.append("")
        else:
            items[-1] += character
    return [item.strip() for item in items if item.strip()]
