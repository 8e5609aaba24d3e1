# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Activations rounded to 8 bits as the CPU kernels round them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from seedlm.evaluation._torch import torch

_BLOCK = 8
_LARGEST, _LARGEST_SUM = 127, 248


def round_to_8_bits(x: torch.Tensor) -> torch.Tensor:
    """Returns activations rounded to multiples of a scale for each 8 of a row.

    A scale is such that the greatest magnitude becomes at most 127 and the sum of the magnitudes
    about 248, see `seedlm_*_prepare` in runtime/kernels/cpu.

    Args:
        x: Activations, float32 [.., columns].
    """
    columns = x.shape[-1]
    padded = torch.nn.functional.pad(x, (0, -columns % _BLOCK))
    blocks = padded.reshape(*x.shape[:-1], -1, _BLOCK)
    magnitudes = blocks.abs()
    scales = torch.maximum(magnitudes.amax(-1) / _LARGEST, magnitudes.sum(-1) / _LARGEST_SUM)
    inverse = torch.where(scales > 0, 1 / scales, 0)[..., None]
    return ((blocks * inverse).round() * scales[..., None]).flatten(-2)[..., :columns]


@contextmanager
def rounded_inputs(linear: torch.nn.Linear) -> Iterator[None]:
    """Has a layer round its inputs for a while."""

    def rounded(_: torch.nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        return (round_to_8_bits(inputs[0]), *inputs[1:])

    handle = linear.register_forward_pre_hook(rounded)
    try:
        yield
    finally:
        handle.remove()
