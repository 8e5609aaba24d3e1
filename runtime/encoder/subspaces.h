// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The subspaces that seeds span, in fixed point.
#pragma once

#include "cell_kernel.h"
#include "code.h"
#include "factors.h"
#include "fixed_vector.h"
#include "orbit.h"

#include <vector>

namespace seedlm {

// For each seed, by its position in the orbit, the factors of its basis: Q
// rounded to multiples of 1 / kFixedOne and R to single precision.
class Subspaces {
public:
  explicit Subspaces(const Code &code);

  const Code &code() const { return orbit_.code(); }
  SubspaceView view() const;
  size_t positions() const { return orbit_.positions(); }
  uint32_t seed(size_t position) const { return orbit_.seed(position); }
  Basis basis(size_t position) const { return orbit_.basis(position); }

private:
  void add(size_t position);

  const Orbit orbit_;
  const size_t row_words_;
  std::vector<int32_t> rows_;
  std::vector<float> triangles_;
};

} // namespace seedlm
