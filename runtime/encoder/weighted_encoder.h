// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Encodes blocks with importances, on threads.
#pragma once

#include "block_source.h"
#include "simd.h"

namespace seedlm {

// Writes the record of each block; blocks of a source stand in rows of
// `columns` blocks, and all in a column share importances[columns][code.block],
// in (0, 1]. Records do not depend on `threads`, on `level` or on the other
// blocks. If `exact`, they are the best of all, as those of `encode`.
void encode_weighted(const Code &code, const SimdLevel &level,
                     const BlockSource &source, const double *importances,
                     size_t columns, bool exact, int threads, Record *records);

} // namespace seedlm
