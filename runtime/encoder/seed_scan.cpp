// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "seed_scan.h"

#include <algorithm>

namespace seedlm {

SeedScan::SeedScan(const Tables &tables, const ScanKernel &kernel)
    : tables_(tables), kernel_(kernel), view_(tables.view()),
      margin_(tables.margin()), maxima_(kGroup * tables.tiles()) {}

void SeedScan::scan(const BlockGroup &group) {
  group_ = group;
  kernel_.maxima(view_, group, maxima_.data());
}

void SeedScan::start(size_t block, double longest) {
  block_ = block;
  longest_ = longest;
  heap_.clear();
  if (tables_.shortest() >= longest)
    return;
  const size_t tiles = tables_.tiles();
  for (size_t tile = 0; tile < tiles; ++tile)
    heap_.push_back(
        {maxima_[block * tiles + tile], static_cast<uint32_t>(tile), true});
  std::make_heap(heap_.begin(), heap_.end());
}

std::optional<uint32_t> SeedScan::next(double limit) {
  while (!heap_.empty() && within(heap_.front().energy, limit)) {
    std::pop_heap(heap_.begin(), heap_.end());
    const Entry entry = heap_.back();
    heap_.pop_back();
    if (!entry.is_tile)
      return tables_.seed(entry.index);
    expand(entry.index, limit);
  }
  return std::nullopt;
}

void SeedScan::expand(size_t tile, double limit) {
  alignas(64) float energies[kTile];
  kernel_.energies(view_, group_.weights[block_], tile, energies);
  for (size_t lane = 0; lane < kTile; ++lane) {
    if (!within(energies[lane], limit))
      continue;
    const size_t position = tables_.position(tile, lane);
    if (position >= tables_.positions() ||
        tables_.shortest(position) >= longest_)
      continue;
    heap_.push_back({energies[lane], static_cast<uint32_t>(position), false});
    std::push_heap(heap_.begin(), heap_.end());
  }
}

} // namespace seedlm
