# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import numpy as np
import numpy.typing as npt

from seedlm.codec.packing import Integers, Seeds

_Records = tuple[Seeds, Integers, Integers, npt.NDArray[np.float64]]

class NativeCode:
    def __init__(
        self,
        *,
        block: int,
        latent: int,
        lfsr_width: int,
        tap_mask: int,
        coefficient_bits: int,
        exponent_bits: int,
        basis_bits: int,
    ) -> None: ...

class CellTable:
    @staticmethod
    def build(
        code: NativeCode, *, outer: int, inner: int, seeds: int, threads: int, simd: str = ""
    ) -> CellTable: ...
    @staticmethod
    def of(
        code: NativeCode,
        *,
        outer: int,
        inner: int,
        seeds: int,
        outer_directions: npt.NDArray[np.int32],
        inner_directions: npt.NDArray[np.int32],
        positions: npt.NDArray[np.uint16] | npt.NDArray[np.uint32],
        bounds: npt.NDArray[np.float32],
    ) -> CellTable: ...
    @property
    def outer_directions(self) -> npt.NDArray[np.int32]: ...
    @property
    def inner_directions(self) -> npt.NDArray[np.int32]: ...
    @property
    def positions(self) -> npt.NDArray[np.uint32]: ...
    @property
    def bounds(self) -> npt.NDArray[np.float32]: ...
    def encode_blocks(
        self,
        blocks: npt.NDArray[np.float32],
        scales: npt.NDArray[np.float32],
        *,
        seeds: int,
        certify: bool,
        threads: int,
        simd: str = "",
    ) -> _Records: ...

def encode_weighted(
    blocks: npt.NDArray[np.float32],
    scales: npt.NDArray[np.float32],
    code: NativeCode,
    *,
    importances: npt.NDArray[np.float64],
    measured: npt.NDArray[np.float64],
    exact: bool,
    threads: int,
    simd: str = "",
) -> tuple[Seeds, Integers, Integers, npt.NDArray[np.float64], npt.NDArray[np.float64]]: ...
def simd_levels() -> list[str]: ...
def encode_blocks(
    blocks: npt.NDArray[np.float32],
    scales: npt.NDArray[np.float32],
    code: NativeCode,
    *,
    threads: int,
    simd: str = "",
) -> _Records: ...
