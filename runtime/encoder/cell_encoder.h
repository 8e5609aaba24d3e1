// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Encodes blocks with cells, on threads.
#pragma once

#include "cell_search.h"
#include "simd.h"

namespace seedlm {

// Writes the record of each block. Records do not depend on `threads`, on
// `level` or on the other blocks. With options.certify they are those of
// `encode`.
void encode_by_cells(const Subspaces &subspaces, const Cells &cells,
                     const SimdLevel &level, const BlockSource &source,
                     SearchOptions options, int threads, Record *records);

} // namespace seedlm
