// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Encodes blocks of weights on threads.
#pragma once

#include "code.h"
#include "scan_kernel.h"

#include <cstddef>

namespace seedlm {

// Writes the best record of each block: of all seeds, coefficients and
// exponents in the code's ranges the one with the least squared error, of equal
// ones that with the least seed.
//
// blocks[count][code.block] holds finite weights; `scale` is positive. The
// records do not depend on `threads` (at least 1) or on `kernel`.
void encode(const Code &code, const ScanKernel &kernel, const float *blocks,
            size_t count, float scale, int threads, Record *records);

} // namespace seedlm
