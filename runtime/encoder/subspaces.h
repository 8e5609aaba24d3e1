// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The subspaces that seeds span, in fixed point.
#pragma once

#include "cell_kernel.h"
#include "code.h"
#include "factors.h"

#include <vector>

namespace seedlm {

// A unit vector in fixed point, two components a word: component c is the
// int16 number c of the array.
using FixedVector = std::array<int32_t, kMaxPairs>;

constexpr double kFixedOne = 32767;

FixedVector to_fixed(const Code &code, const BlockVector &unit);
BlockVector from_fixed(const Code &code, const FixedVector &fixed);

// For each seed, by its position in the register's orbit from state 1, the
// factors of its basis: Q rounded to multiples of 1 / kFixedOne and R to single
// precision. Products of fixed vectors are exact in 32 bits, so what is
// computed from them is the same on every processor.
class Subspaces {
public:
  explicit Subspaces(const Code &code);

  const Code &code() const { return code_; }
  SubspaceView view() const;
  size_t positions() const { return orbit_.size(); }
  uint32_t seed(size_t position) const { return orbit_[position]; }
  // The basis of a seed, the same as basis_of.
  Basis basis(size_t position) const;
  // Upper bound of the error of the energy |Q^T w|^2 computed in fixed point.
  double margin() const;

private:
  void add(size_t position);

  const Code code_;
  const size_t row_words_;
  std::vector<uint32_t> orbit_;
  std::vector<double> values_; // the basis value at each position
  std::vector<int32_t> rows_;
  std::vector<float> triangles_;
};

} // namespace seedlm
