# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How large the inputs of a model's weights are, for activation-aware formats."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from seedlm.api import calibrate
from seedlm.codec import Statistics
from seedlm.compiler.pipeline import CompileOptions
from seedlm.errors import SeedlmError
from seedlm.evaluation._torch import quiet, torch
from seedlm.evaluation.baselines import Weights
from seedlm.evaluation.formats import Importance
from seedlm.evaluation.models import Model
from seedlm.evaluation.texts import Tokens, context_of, lines, windows
from seedlm.passes.weight_plan import Selection

Progress = Callable[[int, int], None]


def measure(
    model: Model, text: str, context: int | None, tokens: int, progress: Progress
) -> Statistics:
    """Runs a model on a text, compiled by stock IREE, and returns what its weights met.

    Args:
        model: The model.
        text: The text, in windows or lines as for scores; the last window only if it is whole.
        context: The most tokens that the model reads at once; 512 or, if less, what it can.
        tokens: How many tokens of the text are used, at most.
        progress: Called with the number of windows or lines begun and of all.

    Raises:
        SeedlmError: The text is too short, or the model cannot be exported or compiled.
    """
    length = context_of(model, context)
    if model.kind == "causal":
        samples = _whole([each.inputs for each in windows(model, text, length, tokens)])
    else:
        samples = lines(model, text, length, tokens)
    options = CompileOptions(selection=Selection(min_size=1))
    try:
        return calibrate(_export(model, samples), _arguments(samples, progress), options)
    except SeedlmError as error:
        raise SeedlmError(f"{model.path}: calibration: {error}") from None


def importances(statistics: Statistics, weights: Mapping[str, Weights]) -> dict[str, Importance]:
    """Returns the mean square of each input of weights, float32 [inputs] each.

    Raises:
        SeedlmError: There are no statistics of a weight, or they are of another shape.
    """
    return {name: _importance(statistics, name, array) for name, array in weights.items()}


def _importance(statistics: Statistics, name: str, weights: Weights) -> Importance:
    found = statistics.weights.get(name)
    if found is None:
        raise SeedlmError(f"calibration: no statistics of '{name}'")
    if found.mean_squares.shape != weights.shape[1:]:
        raise SeedlmError(
            f"calibration: statistics of '{name}' are of {found.mean_squares.size} inputs, "
            f"not {weights.shape[1]}"
        )
    return found.mean_squares


def _whole(samples: Sequence[Tokens]) -> Sequence[Tokens]:
    """Leaves out the last sample if it is shorter than others."""
    return samples[:-1] if len(samples[-1]) < len(samples[0]) else samples


def _export(model: Model, samples: Sequence[Tokens]) -> torch.export.ExportedProgram:
    """Exports the model for the length of the samples, or any length if there are several."""
    is_dynamic = len({len(sample) for sample in samples}) > 1
    longest = max(samples, key=len)
    try:
        # Without gradients there are no regions that switch them off, which IREE does not import.
        with quiet(), torch.no_grad():
            program = torch.export.export(
                model.module,
                (),
                {"input_ids": torch.from_numpy(longest)[None]},
                dynamic_shapes={"input_ids": {1: torch.export.Dim.DYNAMIC}} if is_dynamic else None,
            )
            return program.run_decompositions()
    except Exception as error:  # torch raises what it likes
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise SeedlmError(f"cannot be exported: {reason}") from None


def _arguments(samples: Sequence[Tokens], progress: Progress) -> Iterator[dict[str, Tokens]]:
    for index, sample in enumerate(samples):
        progress(index + 1, len(samples))
        yield {"input_ids": sample[None]}
