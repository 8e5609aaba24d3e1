// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cell_encoder.h"

#include "encoder.h"
#include "parallel.h"

#include <mutex>
#include <numeric>

namespace seedlm {
namespace {

constexpr size_t kBlockStep = 1024;
constexpr size_t kCellStep = 16;
constexpr uint32_t kNoCell = UINT32_MAX;

Oriented orient(const Subspaces &subspaces, const Cells &cells,
                const CellKernel &kernel, const BlockVector &block) {
  const Code &code = subspaces.code();
  const double length = length_of(code, block);
  if (length == 0)
    return {{}, kNoCell, 0};
  const FixedVector direction =
      to_fixed(code, normalized(code, block, length));
  const CellPlace place =
      place_of(cells, kernel, subspaces.view().pairs, direction);
  const auto signed_length = static_cast<float>(place.sign * length);
  return {place.sign < 0 ? negated(direction) : direction, place.cell,
          signed_length};
}

// Indices of blocks by cell, and where each cell begins; blocks of zeros are
// left out.
struct Order {
  std::vector<uint32_t> indices;
  std::vector<uint32_t> begins; // [cells + 1]
};

Order by_cell(const std::vector<Oriented> &blocks, size_t cells) {
  Order order{{}, std::vector<uint32_t>(cells + 1)};
  for (const Oriented &block : blocks)
    if (block.cell != kNoCell)
      ++order.begins[block.cell + 1];
  std::partial_sum(order.begins.begin(), order.begins.end(),
                   order.begins.begin());
  order.indices.resize(order.begins.back());
  std::vector<uint32_t> next(order.begins.begin(), order.begins.end() - 1);
  for (size_t i = 0; i < blocks.size(); ++i)
    if (blocks[i].cell != kNoCell)
      order.indices[next[blocks[i].cell]++] = static_cast<uint32_t>(i);
  return order;
}

} // namespace

void encode_by_cells(const Subspaces &subspaces, const Cells &cells,
                     const SimdLevel &level, const BlockSource &source,
                     SearchOptions options, int threads, Record *records) {
  const Code &code = subspaces.code();
  std::vector<Oriented> blocks(source.count);
  parallel_for(source.count, kBlockStep, threads, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      blocks[i] =
          orient(subspaces, cells, level.cells, source.block(code, i));
      records[i] = kZeroRecord;
    }
  });
  const Order order = by_cell(blocks, cells.counts.cells());
  std::mutex mutex;
  std::vector<uint32_t> open;
  const auto work = [&, search = CellSearch(subspaces, cells, level.cells,
                                            options)](size_t begin,
                                                      size_t end) mutable {
    std::vector<uint32_t> found;
    for (size_t cell = begin; cell < end; ++cell) {
      const uint32_t first = order.begins[cell];
      if (const size_t count = order.begins[cell + 1] - first)
        search.run(source, blocks, &order.indices[first], count, records,
                   found);
    }
    const std::lock_guard lock(mutex);
    open.insert(open.end(), found.begin(), found.end());
  };
  parallel_for(cells.counts.cells(), kCellStep, threads, work);
  improve(code, level.scan, source, open, threads, records);
}

} // namespace seedlm
