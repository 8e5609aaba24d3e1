// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The best seeds for the blocks of one cell.
#pragma once

#include "aligned.h"
#include "block_source.h"
#include "cells.h"
#include "finisher.h"

#include <vector>

namespace seedlm {

// A block as the search sees it.
struct Oriented {
  FixedVector direction; // on the side of its cell
  uint32_t cell;
  float length; // negative if the direction is the block's opposite
};

struct SearchOptions {
  size_t list; // seeds of a cell tried, a multiple of kBoundGroup
  bool certify;
};

// Finds records for blocks of a cell. Of the first `list` seeds of the cell the
// one of least estimated error (CellKernel::try_out), of equal ones the least
// seed, gets its best coefficients and exponent. With `certify` all seeds that
// could be better are tried with Finisher until none is left.
//
// Certification: with d the cell's direction at the angle a from block w, a
// seed whose subspace is at the angle t from d has an error of at least
// sin^2(t - a). Seeds of the list are in ascending order of t.
class CellSearch {
public:
  CellSearch(const Subspaces &subspaces, const Cells &cells,
             const CellKernel &kernel, SearchOptions options);

  // Writes records[index] for each of the `count` blocks with these indices,
  // all of one cell. Returns in `open` the indices whose list did not suffice
  // to certify the record.
  void run(const BlockSource &source, const std::vector<Oriented> &oriented,
           const uint32_t *indices, size_t count, Record *records,
           std::vector<uint32_t> &open);

private:
  static constexpr size_t kBatch = 8;

  struct Best {
    float error;
    uint32_t position;
    float tried; // seeds with residuals up to this are tried
  };

  void fill(uint32_t cell, size_t count);
  void run_batch(const Oriented *const *blocks, size_t count);
  void collect(size_t b, const Oriented &block, float residual);
  void add_trial(size_t b, const Oriented &block, size_t index);
  void flush();
  // Where the columns of a seed of the list begin, one of kBoundGroup.
  int32_t *columns_at(size_t index) {
    return &columns_[index * row_words_of(view_.latent, view_.pairs)];
  }
  float *energies(size_t b) { return energies_.data() + b * list_; }

  bool certify(const Oriented &block, size_t b);
  size_t certain_after(const Oriented &block) const;
  void try_range(const float *energies, size_t begin, size_t end);

  const Subspaces &subspaces_;
  const Cells &cells_;
  const CellKernel &kernel_;
  const SubspaceView view_;
  const SearchOptions options_;
  const size_t list_; // of a cell, whole
  const double margin_;
  Finisher finisher_;
  uint32_t cell_ = 0;
  size_t filled_ = 0;
  float typical_ = 0.02f;
  AlignedVector<int32_t> columns_;
  AlignedVector<float> energies_;
  std::vector<uint32_t> indices_;
  Best best_[kBatch] = {};
  Trials trials_{};
  size_t trial_blocks_[kSeedLanes] = {};
  size_t trial_count_ = 0;
};

} // namespace seedlm
