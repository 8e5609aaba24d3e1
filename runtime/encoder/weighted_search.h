// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The best seeds for blocks that share importances.
#pragma once

#include "aligned.h"
#include "block_source.h"
#include "finisher.h"
#include "fixed_vector.h"
#include "orbit.h"
#include "weighted_kernel.h"

#include <vector>

namespace seedlm {

// Finds the records of least squared error, each difference weighted by the
// importance of its place in the block: with D their diagonal matrix, those for
// the blocks D^(1/2) w and the bases D^(1/2) U. Their factors are computed for
// all seeds at once, when the importances are set.
//
// For some seeds of least residual 1 - |Q^T w|^2, w of length 1, the error is
// estimated (WeightedKernel::try_out). The one of least estimate, of equal ones
// the least, gets its best coefficients and exponent. With `exact`, all seeds
// that could be better are tried with Finisher until none is left; without,
// factors are in single precision.
class WeightedSearch {
public:
  WeightedSearch(const Orbit &orbit, const WeightedKernel &kernel, bool exact);

  // Sets the importances [block] of the blocks that follow, in (0, 1].
  void start(const BlockVector &importances);

  // Writes records[i] for the `count` blocks i = first, first + stride, ..
  void run(const BlockSource &source, size_t first, size_t stride, size_t count,
           Record *records);

private:
  struct Candidate {
    float residual;
    uint32_t position;
    auto operator<=>(const Candidate &) const = default;
  };

  // A block, times the roots of the importances.
  struct Row {
    size_t index;
    BlockVector block;
    double length;
    float single[kMaxBlock];
    int32_t words[kMaxPairs]; // in fixed point, of length 1
    // All seeds with residuals below `reach`, and some with that.
    std::vector<Candidate> candidates;
    float reach;
  };

  struct Best {
    float error; // relative to the block's energy
    uint32_t position;
  };

  BlockVector weighted(BlockVector block) const;
  Basis weighted_basis(size_t position) const;

  bool load(const BlockSource &source, size_t index, Row &row) const;
  size_t trials_for(const BlockVector &importances) const;
  int32_t *columns_of(size_t tile) {
    return &columns_[tile * tile_seeds_ * words_];
  }
  void scan(Row *rows, size_t count, float reach, bool prune);
  void scan_tile(size_t tile, Row *rows, size_t count);
  Record decide(Row &row);
  void find_likely(Row &row);
  float put_first(Row &row, size_t count) const;
  void try_between(const Row &row, float low, float high);
  void try_out(const Row &row, const Candidate *batch, size_t count);
  void certify(Row &row);

  const Orbit &orbit_;
  const WeightedKernel &kernel_;
  const bool exact_;
  const float margin_; // of residuals
  const size_t words_; // of the columns of a seed
  const size_t tile_seeds_;
  const size_t tiles_;
  std::vector<float> values_;
  WeightedView view_{};
  Finisher finisher_;
  AlignedVector<int32_t> columns_;
  std::vector<float> shortest_;
  float shortest_of_all_ = 0;
  size_t trials_ = 0; // seeds that get an estimate
  float reach_;
  float needed_ = 0;
  Best best_{};
  std::vector<Row> rows_;
  // What a kernel selects.
  std::vector<uint32_t> indices_;
  std::vector<int32_t> energies_;
};

} // namespace seedlm
