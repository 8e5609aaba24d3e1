// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Decides a block: the best coefficients and exponent of each seed tried, and
// the best seed of all.
#pragma once

#include "closest_vector.h"
#include "code.h"
#include "factors.h"

#include <utility>

namespace seedlm {

// The result is the record with the least error, of equal ones that with the
// least seed, whatever the order of the seeds tried. It is compiled without
// fused operations for the baseline processor, so that equal input gives equal
// records everywhere.
class Finisher {
public:
  explicit Finisher(const Code &code) : code_(code) {}

  // Starts a block, in units of the scale, with the zero record as the best
  // one.
  void start(const BlockVector &block);

  // Replaces the best record by this seed's if that is better.
  void try_seed(uint32_t seed) { try_seed(seed, basis_of(code_, seed)); }
  void try_seed(uint32_t seed, const Basis &basis);

  const Record &best() const { return best_; }
  const BlockVector &block() const { return block_; }
  // Squared length of the block, and of the block minus the best record's
  // weights.
  double energy() const { return energy_; }
  double error() const { return error_; }

private:
  bool closest(const Factors &factors, const Latent &y, double bound,
               Record &record) const;
  int likely_exponent(const Factors &factors, const Latent &y) const;
  std::pair<int, int> possible_exponents(const Factors &factors,
                                         const Latent &y, double bound) const;
  Latent project(const Factors &factors, double &residual) const;
  double error_of(const Basis &basis, const Record &record) const;

  const Code code_;
  BlockVector block_{};
  double energy_ = 0;
  double error_ = 0;
  Record best_ = kZeroRecord;
};

} // namespace seedlm
