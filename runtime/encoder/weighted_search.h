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
// The seed of least estimated error (WeightedKernel::try_out), of equal ones the
// least, gets its best coefficients and exponent. If `exact`, all seeds that
// could be better are tried with Finisher until none is left. Else at most
// kMostTrials seeds, those of greatest energy, are tried.
class WeightedSearch {
public:
  WeightedSearch(const Orbit &orbit, const WeightedKernel &kernel, bool exact);

  // Sets the importances [block] of the blocks that follow, in (0, 1].
  void start(const BlockVector &importances);

  // Writes records[i] for the `count` blocks i = first, first + stride, ..
  void run(const BlockSource &source, size_t first, size_t stride, size_t count,
           Record *records);

private:
  static constexpr size_t kBatch = 16;
  static constexpr size_t kMostTrials = 4096;

  struct Candidate {
    float energy;
    uint32_t position;
    bool operator<(const Candidate &other) const {
      return energy != other.energy ? energy > other.energy
                                    : position < other.position;
    }
  };

  // A block, times the roots of the importances.
  struct Row {
    BlockVector block;
    double length;
    FixedVector direction;
    float single[2 * kMaxPairs];
    // All seeds with residuals up to `reach`.
    std::vector<Candidate> candidates;
    float reach;
  };

  BlockVector weighted(BlockVector block) const;
  Basis weighted_basis(size_t position) const;
  size_t tile_words() const;

  bool load(const BlockSource &source, size_t index, Row &row) const;
  void scan(Row *const *rows, size_t count, float reach);
  void scan_tile(size_t tile, Row &row);
  void scan_again(Row &row, float reach);
  Record decide(Row &row);
  uint32_t likely(Row &row);
  size_t most_energetic(Row &row) const;
  void try_between(const Row &row, size_t end, float low, float high);
  void try_out(const Row &row, const Candidate *batch, size_t count);
  void certify(Row &row);

  const Orbit &orbit_;
  const WeightedKernel &kernel_;
  const bool exact_;
  const size_t tiles_;
  const float margin_;
  WeightedView view_{};
  Finisher finisher_;
  AlignedVector<int32_t> columns_;
  std::vector<float> shortest_;
  float shortest_of_all_ = 0;
  float reach_;
  std::vector<Row> rows_;
  struct {
    float error; // relative to the block's energy
    uint32_t position;
  } best_{};
};

} // namespace seedlm
