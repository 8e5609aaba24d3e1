# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reports: their sums, and their form as JSON."""

import json
from dataclasses import replace

import pytest

from seedlm.compiler.report import FORMAT, Report, TensorReport, report_from_json
from seedlm.errors import SeedlmError

DENSE = TensorReport(
    *("bias", [96], "f32", "dense", "not a matrix", None, None, None, 384, 384, None, None),
    *(False, None),
)
CODES = TensorReport(
    *("w", [96, 64], "f32", "compressed", "", "contraction", 4.005, 0.12, 24576, 3076, "ab"),
    *("paper-4bit", True, 0.08),
)
BOTH = replace(CODES, name="table", action="both", reason="rows are gathered", bytes_after=27652)
REPORT = Report("1.2.3", "paper-4bit", ["tensor<4x64xf32>"], [CODES, DENSE, BOTH])


def test_sums() -> None:
    assert REPORT.compressed == [CODES, BOTH]
    assert REPORT.bytes_before == 24576 + 384 + 24576
    assert REPORT.bytes_after == 3076 + 384 + 27652


def test_average_bits() -> None:
    """Over the tensors with a code, and those that are dense by choice."""
    assert REPORT.bits_per_weight == pytest.approx(4.005)
    chosen = replace(DENSE, shape=[96, 32], bytes_before=96 * 32 * 4, code="dense")
    report = replace(REPORT, tensors=[CODES, DENSE, chosen])
    assert report.bits_per_weight == pytest.approx((2 * 4.005 + 32) / 3)
    assert replace(REPORT, tensors=[DENSE]).bits_per_weight is None


def test_json_and_back() -> None:
    text = REPORT.to_json()
    assert report_from_json(text) == REPORT
    assert list(json.loads(text)) == sorted(json.loads(text))
    assert "\n" not in text


@pytest.mark.parametrize("field", ["version", "code", "inputs", "tensors"])
def test_missing_field(field: str) -> None:
    fields = json.loads(REPORT.to_json())
    del fields[field]
    with pytest.raises(SeedlmError, match="damaged seedlm manifest"):
        report_from_json(json.dumps(fields))


def test_unknown_field() -> None:
    fields = json.loads(REPORT.to_json()) | {"more": 1}
    with pytest.raises(SeedlmError, match="damaged seedlm manifest"):
        report_from_json(json.dumps(fields))


def test_another_format() -> None:
    fields = json.loads(REPORT.to_json()) | {"format": FORMAT + 1}
    with pytest.raises(SeedlmError, match=f"of format {FORMAT + 1}, not {FORMAT}"):
        report_from_json(json.dumps(fields))
