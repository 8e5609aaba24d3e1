// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Seeds in the order in which the register passes through them.
#pragma once

#include "code.h"

#include <cstddef>
#include <vector>

namespace seedlm {

constexpr size_t kOrbitPadding = 1024;

// Seeds are numbered by their position in the register's orbit from state 1, so
// that the windows of neighbours overlap: U[c][p] of position j is the value of
// position j + 1 + c * latent + p.
class Orbit {
public:
  explicit Orbit(const Code &code);

  const Code &code() const { return code_; }
  size_t positions() const { return seeds_.size(); }
  uint32_t seed(size_t position) const { return seeds_[position]; }
  // [positions + kOrbitPadding]: the basis value of each position; those past
  // the end of the orbit begin anew.
  const double *values() const { return values_.data(); }
  // The basis of a seed, the same as basis_of.
  Basis basis(size_t position) const;

private:
  const Code code_;
  std::vector<uint32_t> seeds_;
  std::vector<double> values_;
};

} // namespace seedlm
