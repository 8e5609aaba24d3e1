# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Diagnostics against the `expected-error` comments of a test file, as mlir-opt checks them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from iree.compiler import ir

_EXPECTED = re.compile(
    r"expected-(?P<kind>error|warning|remark|note)"
    r"(?:@(?P<where>[+-]\d+|above|below|unknown))?\s*\{\{(?P<text>.*?)\}\}"
)
_OFFSETS = {"above": -1, "below": 1}


@dataclass(frozen=True)
class Message:
    """A diagnostic: its kind ("error", ..), its line (None if unknown) and its text."""

    kind: str
    line: int | None
    text: str


def message_of(diagnostic: ir.Diagnostic | ir.DiagnosticInfo) -> Message:
    """Returns a diagnostic in the form in which it is compared."""
    kind = diagnostic.severity.name.lower()
    return Message(kind, _line(diagnostic.location), diagnostic.message)


def mismatches(source: str, messages: list[Message]) -> list[str]:
    """Returns a line for each expectation of `source` not met and each message not expected."""
    unexpected = list(messages)
    problems = []
    for wanted in _expectations(source):
        met = next((m for m in unexpected if _meets(m, wanted)), None)
        if met is None:
            problems.append(
                f'line {wanted.line or "?"}: expected {wanted.kind} "{wanted.text}" not produced'
            )
        else:
            unexpected.remove(met)
    return problems + [f"line {m.line or '?'}: unexpected {m.kind}: {m.text}" for m in unexpected]


def _expectations(source: str) -> Iterator[Message]:
    for number, line in enumerate(source.splitlines(), 1):
        for match in _EXPECTED.finditer(line):
            yield Message(match["kind"], _target_line(match["where"], number), match["text"])


def _target_line(where: str | None, line: int) -> int | None:
    """Returns the line that `@where` names, None for @unknown."""
    if where == "unknown":
        return None
    return line + (_OFFSETS[where] if where in _OFFSETS else int(where or 0))


def _meets(message: Message, wanted: Message) -> bool:
    return (message.kind, message.line) == (
        wanted.kind,
        wanted.line,
    ) and wanted.text in message.text


def _line(location: ir.Location) -> int | None:
    if isinstance(location, ir.FileLineColLoc):
        return location.start_line or None
    if isinstance(location, ir.NameLoc):
        return _line(location.child_loc)
    return None
