// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#define SEEDLM_SIMD_NAMESPACE avx2
#define SEEDLM_SIMD_LANES 8
#include "weighted_kernel.inc"
