// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Activations of 8 bits as all instruction sets have them (kernels.h).
#pragma once

#include "multiply.h"

// A scale is such that the greatest integer is 127 and the sum of magnitudes at most 255 after
// rounding: then products with basis values fit into 16 bits.
enum { BLOCK = 8, INT8_LIMIT = 127, SUM_LIMIT = 248 };

// Whether the windows of one coefficient are bytes of the string shifted, those of even columns
// and, 4 bits on, those of odd ones. Activations are prepared in the same order.
INLINE int has_bytes_of_string(const struct code *code) { return code->latent == 4; }
