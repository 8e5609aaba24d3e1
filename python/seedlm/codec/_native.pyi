# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import numpy as np
import numpy.typing as npt

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

def simd_levels() -> list[str]: ...
def encode_blocks(
    blocks: npt.NDArray[np.float32],
    scale: float,
    code: NativeCode,
    *,
    threads: int,
    simd: str = "",
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int8], npt.NDArray[np.int8]]: ...
