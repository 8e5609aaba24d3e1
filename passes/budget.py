# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which code each weight gets when their bits are limited."""

from collections.abc import Callable
from dataclasses import replace

from seedlm.errors import SeedlmError
from seedlm.passes.choose_codes import Choice, choose_codes, fewest_bits
from seedlm.passes.code_plan import DENSE, Budget
from seedlm.passes.weight_plan import WeightPlan, leave_dense

Measure = Callable[[WeightPlan, str], float]


def spend_budget(plans: list[WeightPlan], budget: Budget, measure: Measure) -> list[WeightPlan]:
    """Returns `plans` with the codes decided that are of least total error within the budget.

    Args:
        plans: The plans; those that may get several codes are decided, those that have one only
            count.
        budget: The bits.
        measure: Returns the error of a weight with a code, which is to be small in sum.

    Raises:
        SeedlmError: Even the codes of the fewest bits take more.
    """
    counted = [plan for plan in plans if plan.codes]
    choices = _choices(counted, measure)
    weights = sum(plan.size for plan in counted)
    least = fewest_bits(choices)
    if least > budget.bits * weights:
        names = ", ".join(dict.fromkeys(name for plan in counted for name in plan.codes))
        raise SeedlmError(
            f"budget {budget.bits:g}: at least {least / weights:.4g} bits a weight are needed "
            f"with {names}"
        )
    chosen = iter(choose_codes(choices, budget.bits * weights))
    return [_decided(plan, next(chosen)) if plan.codes else plan for plan in plans]


def _choices(plans: list[WeightPlan], measure: Measure) -> list[list[Choice]]:
    """Measures one code after the other, as each has tables of its own."""
    choices: list[list[Choice]] = [[] for _ in plans]
    for name in dict.fromkeys(name for plan in plans for name in plan.codes):
        for plan, known in zip(plans, choices, strict=True):
            if name in plan.codes:
                is_open = len(plan.codes) > 1 and name != DENSE
                error = measure(plan, name) if is_open else 0.0
                known.append(Choice(name, plan.bits_with(name), error))
    return choices


def _decided(plan: WeightPlan, name: str) -> WeightPlan:
    if plan.codes == (name,):
        return plan
    if name == DENSE:
        return leave_dense(plan, "dense within the budget")
    return replace(plan, codes=(name,))
