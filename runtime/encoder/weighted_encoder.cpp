// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "weighted_encoder.h"

#include "parallel.h"
#include "weighted_search.h"

namespace seedlm {
namespace {

// Rows of blocks that a thread encodes at once with the factors of a column.
constexpr size_t kRows = 4096;

} // namespace

void encode_weighted(const Code &code, const SimdLevel &level,
                     const BlockSource &source, const double *importances,
                     size_t columns, bool exact, int threads, Record *records) {
  const Orbit orbit(code);
  const size_t rows = source.count / columns;
  const size_t parts = (rows + kRows - 1) / kRows;
  const auto work = [&, search = WeightedSearch(orbit, level.weighted, exact)](
                        size_t item, size_t) mutable {
    const size_t column = item / parts, first = item % parts * kRows;
    BlockVector importance{};
    std::copy_n(importances + column * code.block, code.block,
                importance.begin());
    search.start(importance);
    search.run(source, first * columns + column, columns,
               std::min(kRows, rows - first), records);
  };
  parallel_for(columns * parts, 1, threads, work);
}

} // namespace seedlm
