# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What was done with each tensor; kept inside compiled files as their manifest."""

import json
import math
from dataclasses import asdict, dataclass
from importlib.metadata import version

from seedlm.codec import preset
from seedlm.compiler.ir.elements import byte_size
from seedlm.errors import SeedlmError
from seedlm.passes.code_plan import DENSE
from seedlm.passes.compress_constants import CompressConstants, Outcome
from seedlm.passes.weight_plan import WeightPlan

FORMAT = 3


@dataclass(frozen=True)
class TensorReport:
    """What was done with one tensor.

    Attributes:
        name: Its name in the model.
        shape: Its shape in the model.
        dtype: Its MLIR element type.
        action: "compressed", "dense", or "both" when some uses read the dense tensor.
        reason: Why it, or a copy of it, is dense; empty if it is not.
        use: "contraction", "convolution" or "gather" if compressed.
        bits_per_weight: Bits of codes, padding and scale for each element; None if dense.
        relative_error: Frobenius norm of the error over that of the tensor; None if dense or only
            planned.
        bytes_before: Size in the model.
        bytes_after: Size of codes, scale and dense copy.
        sha256: Of codes and scale, hexadecimal; None if dense or only planned.
        code: The name of its code, "dense" if it is left dense by choice; None if it cannot be
            compressed or is not to be.
        activation_aware: Whether its codes were searched by the mean squares of its inputs.
        weighted_relative_error: The relative error with squares times those mean squares; None if
            it is not activation-aware or only planned.
        device: "cpu" or "fpga": what computes with its codes.
        reason_on_cpu: Why the FPGA-style device does not; empty if there is none.
    """

    name: str
    shape: list[int]
    dtype: str
    action: str
    reason: str
    use: str | None
    bits_per_weight: float | None
    relative_error: float | None
    bytes_before: int
    bytes_after: int
    sha256: str | None
    code: str | None
    activation_aware: bool
    weighted_relative_error: float | None
    device: str = "cpu"
    reason_on_cpu: str = ""


@dataclass(frozen=True)
class Report:
    """What was done with a model.

    Attributes:
        version: The version of seedlm.
        code: The names of the codes in use, separated by commas.
        inputs: The tensor types of the entry point's inputs.
        tensors: One entry for each constant tensor, in the order of first use.
        target: The name of the target.
        format: The version of this record's own layout.
    """

    version: str
    code: str
    inputs: list[str]
    tensors: list[TensorReport]
    target: str = "cpu"
    format: int = FORMAT

    @property
    def compressed(self) -> list[TensorReport]:
        """The tensors that are compressed."""
        return [tensor for tensor in self.tensors if tensor.action != "dense"]

    @property
    def offloaded(self) -> list[TensorReport]:
        """Those of the compressed tensors that the FPGA-style device computes with."""
        return [tensor for tensor in self.tensors if tensor.device == "fpga"]

    @property
    def activation_aware(self) -> list[TensorReport]:
        """Those of the compressed tensors that are activation-aware."""
        return [tensor for tensor in self.tensors if tensor.activation_aware]

    @property
    def bits_per_weight(self) -> float | None:
        """Average of the tensors that have a code or are left dense by choice; None without any."""
        chosen = [tensor for tensor in self.tensors if tensor.code is not None]
        bits = [
            8.0 * tensor.bytes_before
            if tensor.bits_per_weight is None
            else tensor.bits_per_weight * math.prod(tensor.shape)
            for tensor in chosen
        ]
        return math.fsum(bits) / sum(math.prod(tensor.shape) for tensor in chosen) if bits else None

    @property
    def bytes_before(self) -> int:
        """Size of all tensors in the model."""
        return sum(tensor.bytes_before for tensor in self.tensors)

    @property
    def bytes_after(self) -> int:
        """Size of all tensors as compiled."""
        return sum(tensor.bytes_after for tensor in self.tensors)

    def to_json(self) -> str:
        """Returns the report as JSON, the same for the same input, code and version."""
        return json.dumps(asdict(self), sort_keys=True)


def make_report(compress: CompressConstants, inputs: list[str], target: str) -> Report:
    """Returns the report of a pass that has run, or that has only planned."""
    tensors = [
        _tensor_report(
            plan,
            compress.outcomes.get(plan.weight.name),
            activation_aware=compress.importance(plan) is not None,
        )
        for plan in compress.plans
    ]
    used = dict.fromkeys(tensor.code for tensor in tensors if tensor.code not in (None, DENSE))
    return Report(
        version("seedlm"),
        ", ".join(map(str, used)) or compress.codes.default,
        inputs,
        tensors,
        target,
    )


def report_from_json(text: str) -> Report:
    """Returns the report that `to_json` wrote.

    Raises:
        SeedlmError: It is damaged or of another version.
    """
    try:
        fields = json.loads(text)
        if fields["format"] != FORMAT:
            raise SeedlmError(f"seedlm manifest of format {fields['format']}, not {FORMAT}")
        tensors = [TensorReport(**tensor) for tensor in fields.pop("tensors")]
        return Report(tensors=tensors, **fields)
    except SeedlmError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError):
        raise SeedlmError("damaged seedlm manifest") from None


def _tensor_report(
    plan: WeightPlan, outcome: Outcome | None, *, activation_aware: bool
) -> TensorReport:
    before = byte_size(plan.weight.type)
    compressed = plan.matrix is not None
    bits = plan.bits_with(plan.codes[0]) if compressed else 0
    code = preset(plan.codes[0]) if compressed else None
    return TensorReport(
        name=plan.weight.name,
        shape=list(plan.weight.type.shape),
        dtype=str(plan.weight.type.element_type),
        action=("both" if plan.keeps_dense else "compressed") if compressed else "dense",
        reason=plan.reason,
        use=plan.matrix.kind if plan.matrix is not None else None,
        bits_per_weight=bits / math.prod(plan.weight.type.shape) if compressed else None,
        relative_error=outcome.relative_error if outcome else None,
        bytes_before=before,
        bytes_after=bits // 8 + (before if plan.keeps_dense or not compressed else 0),
        sha256=outcome.sha256 if outcome else None,
        code=plan.code,
        activation_aware=compressed and activation_aware,
        weighted_relative_error=outcome.weighted_relative_error if outcome else None,
        device="fpga" if code is not None and plan.is_offloaded(code) else "cpu",
        reason_on_cpu="" if code is None else plan.reason_on_cpu(code),
    )
