// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cell_lists.h"

#include "aligned.h"
#include "parallel.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace seedlm {
namespace {

constexpr size_t kTileSeeds = 1024;
// Cells that go over the seeds together.
constexpr size_t kCellGroup = 16;

// The columns of all seeds, tile by tile; the last tile is filled with the
// last seed.
class SeedTiles {
public:
  SeedTiles(const Subspaces &subspaces, const CellKernel &kernel)
      : view_(subspaces.view()), kernel_(kernel),
        seeds_(subspaces.positions()),
        tile_words_(row_words_of(view_.latent, view_.pairs) * kTileSeeds),
        columns_(tiles() * tile_words_) {
    std::vector<uint32_t> positions(kTileSeeds);
    for (size_t tile = 0; tile < tiles(); ++tile) {
      for (size_t i = 0; i < kTileSeeds; ++i)
        positions[i] = static_cast<uint32_t>(
            std::min(tile * kTileSeeds + i, seeds_ - 1));
      kernel.gather(view_, positions.data(), kTileSeeds,
                    &columns_[tile * tile_words_]);
    }
  }

  size_t tiles() const { return (seeds_ + kTileSeeds - 1) / kTileSeeds; }
  size_t seeds() const { return seeds_; }
  size_t seeds_in(size_t tile) const {
    return std::min(kTileSeeds, seeds_ - tile * kTileSeeds);
  }
  void energies(size_t tile, const FixedVector &vector, float *energies) const {
    kernel_.energies(view_, &columns_[tile * tile_words_], kTileSeeds,
                     vector.data(), energies);
  }

private:
  const SubspaceView view_;
  const CellKernel &kernel_;
  const size_t seeds_;
  const size_t tile_words_;
  AlignedVector<int32_t> columns_;
};

// Ascending keys are descending energies, then ascending positions.
uint64_t key_of(float energy, size_t position) {
  return static_cast<uint64_t>(~std::bit_cast<uint32_t>(energy)) << 32 |
         position;
}
float energy_of(uint64_t key) {
  return std::bit_cast<float>(~static_cast<uint32_t>(key >> 32));
}

class Lister {
public:
  Lister(const SeedTiles &tiles, const CellKernel &kernel, int pairs,
         Cells &cells)
      : tiles_(&tiles), kernel_(&kernel), pairs_(pairs), cells_(&cells) {}

  void operator()(size_t begin, size_t end) {
    const size_t count = end - begin;
    for (size_t i = 0; i < count; ++i) {
      directions_[i] =
          direction_of(*cells_, pairs_, static_cast<uint32_t>(begin + i));
      keys_[i].clear();
      thresholds_[i] = threshold(directions_[i]);
    }
    for (size_t tile = 0; tile < tiles_->tiles(); ++tile)
      for (size_t i = 0; i < count; ++i)
        collect(tile, i);
    for (size_t i = 0; i < count; ++i)
      finish(begin + i, i);
  }

private:
  // An energy that somewhat more than a list of seeds exceed, estimated from
  // one tile.
  float threshold(const FixedVector &direction) {
    tiles_->energies(0, direction, energies_);
    const size_t seeds = tiles_->seeds_in(0);
    const double expected = static_cast<double>(cells_->counts.list) * seeds /
                            tiles_->seeds();
    const auto rank = static_cast<size_t>(1.3 * expected + 8);
    if (rank >= seeds)
      return -1;
    std::nth_element(energies_, energies_ + rank, energies_ + seeds,
                     std::greater<>());
    return energies_[rank];
  }

  void collect(size_t tile, size_t i) {
    tiles_->energies(tile, directions_[i], energies_);
    const size_t found = kernel_->select(energies_, kTileSeeds, thresholds_[i],
                                         3e38f, indices_);
    for (size_t k = 0; k < found; ++k)
      if (indices_[k] < tiles_->seeds_in(tile))
        keys_[i].push_back(key_of(energies_[indices_[k]],
                                  tile * kTileSeeds + indices_[k]));
  }

  void finish(size_t cell, size_t i) {
    const size_t list = cells_->counts.list;
    std::vector<uint64_t> &keys = keys_[i];
    if (keys.size() < list) {
      keys.clear();
      thresholds_[i] = -1;
      for (size_t tile = 0; tile < tiles_->tiles(); ++tile)
        collect(tile, i);
    }
    const auto last = keys.begin() + static_cast<std::ptrdiff_t>(list);
    if (keys.size() > list)
      std::nth_element(keys.begin(), last, keys.end());
    std::sort(keys.begin(), last);
    uint32_t *positions = &cells_->positions[cell * list];
    for (size_t k = 0; k < list; ++k)
      positions[k] = static_cast<uint32_t>(keys[k]);
    float *bounds = &cells_->bounds[cell * list / kBoundGroup];
    for (size_t k = 0; k < list; k += kBoundGroup)
      bounds[k / kBoundGroup] = energy_of(keys[k]);
  }

  const SeedTiles *tiles_;
  const CellKernel *kernel_;
  int pairs_;
  Cells *cells_;
  std::array<FixedVector, kCellGroup> directions_{};
  std::array<std::vector<uint64_t>, kCellGroup> keys_;
  std::array<float, kCellGroup> thresholds_{};
  alignas(64) float energies_[kTileSeeds] = {};
  uint32_t indices_[kTileSeeds] = {};
};

} // namespace

void list_seeds(const Subspaces &subspaces, const CellKernel &kernel,
                int threads, Cells &cells) {
  const SeedTiles tiles(subspaces, kernel);
  parallel_for(cells.counts.cells(), kCellGroup, threads,
               Lister(tiles, kernel, subspaces.view().pairs, cells));
}

} // namespace seedlm
