// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Encodes blocks of weights on threads.
#pragma once

#include "block_source.h"
#include "scan_kernel.h"

#include <vector>

namespace seedlm {

// Writes the best record of each block: of all seeds, coefficients and
// exponents in the code's ranges the one with the least squared error, of equal
// ones that with the least seed. Records do not depend on `threads` (at least
// 1) or on `kernel`.
void encode(const Code &code, const ScanKernel &kernel,
            const BlockSource &source, int threads, Record *records);

// The same for the blocks with these indices, whose records are valid already.
void improve(const Code &code, const ScanKernel &kernel,
             const BlockSource &source, const std::vector<uint32_t> &indices,
             int threads, Record *records);

// errors[count]: the squared error of the weights that each record is decoded
// to, in single precision. If `importances` [columns][code.block] is not null,
// the sum of squares times those of the block's column.
void decoded_errors(const Code &code, const BlockSource &source,
                    const Record *records, const double *importances,
                    size_t columns, int threads, double *errors);

} // namespace seedlm
