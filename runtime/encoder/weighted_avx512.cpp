// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#define SEEDLM_SIMD_NAMESPACE avx512
#define SEEDLM_SIMD_LANES 16
#include "weighted_kernel.inc"
