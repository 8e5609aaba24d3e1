// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Proposes seeds for a block in order of a lower bound of their error.
#pragma once

#include "tables.h"

#include <optional>
#include <vector>

namespace seedlm {

// Exhaustive search: no seed whose bound is within the limit is left out.
class SeedScan {
public:
  SeedScan(const Tables &tables, const ScanKernel &kernel);

  // Looks at all seeds for a group of blocks.
  void scan(const BlockGroup &group);

  // Starts to propose seeds for a block of the group. Seeds whose vectors U q,
  // q not zero, are all at least `longest` long, in units of the block's
  // length, are left out.
  void start(size_t block, double longest);

  // The next seed, in ascending order of the residual 1 - |Q^T w|^2, which
  // bounds the squared error from below; nothing once the residual is sure to
  // be above `limit`.
  std::optional<uint32_t> next(double limit);

private:
  // A seed by position, or a tile not looked into yet.
  struct Entry {
    float energy;
    uint32_t index;
    bool is_tile;
    bool operator<(const Entry &other) const { return energy < other.energy; }
  };

  bool within(float energy, double limit) const {
    return 1.0 - energy - margin_ <= limit;
  }
  void expand(size_t tile, double limit);

  const Tables &tables_;
  const ScanKernel &kernel_;
  const ScanView view_;
  const double margin_;
  BlockGroup group_{};
  size_t block_ = 0;
  double longest_ = 0;
  std::vector<float> maxima_;
  std::vector<Entry> heap_;
};

} // namespace seedlm
