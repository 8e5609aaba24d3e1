// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#define SEEDLM_SIMD_NAMESPACE baseline
#define SEEDLM_SIMD_LANES 4
#include "weighted_kernel.inc"
