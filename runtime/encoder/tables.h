// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the scan of all seeds reads, built once a code.
#pragma once

#include "code.h"
#include "factors.h"
#include "orbit.h"
#include "scan_kernel.h"

#include <memory>
#include <vector>

namespace seedlm {

// With w the block as a unit vector and z = U^T w, the energy |Q^T w|^2 of a
// seed is |R^-T z|^2. In single precision that fails for a nearly singular R;
// such seeds are `hard` and keep their Q.
class Tables {
public:
  explicit Tables(const Code &code);

  // The tables of a code, from a small cache of the process.
  static std::shared_ptr<const Tables> of(const Code &code);

  // What the kernels read of them.
  ScanView view() const;

  // Tiles of kTile positions first, then tiles of hard seeds.
  size_t tiles() const { return seed_tiles_ + hard_tiles(); }

  size_t positions() const { return orbit_.positions(); }
  // The position of a lane of a tile; positions() or more where there is none.
  size_t position(size_t tile, size_t lane) const;

  uint32_t seed(size_t position) const { return orbit_.seed(position); }
  // Lower bound of the length of U q over all integer q but zero, for a seed
  // and for all.
  float shortest(size_t position) const { return shortest_[position]; }
  float shortest() const { return shortest_of_all_; }
  // Upper bound of the error of an energy that a kernel computes.
  double margin() const;

private:
  size_t hard_tiles() const { return (hard_.size() + kTile - 1) / kTile; }
  const Code &code() const { return orbit_.code(); }
  void add(size_t position);
  void add_hard(size_t position, const Factors &factors);

  const Orbit orbit_;
  const size_t seed_tiles_;
  const size_t entries_; // of a triangular matrix
  std::vector<float> values_;
  std::vector<float> inverse_;
  std::vector<uint32_t> hard_;
  std::vector<float> hard_q_;
  std::vector<float> shortest_;
  float shortest_of_all_;
};

} // namespace seedlm
