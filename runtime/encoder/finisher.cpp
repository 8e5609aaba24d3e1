// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "finisher.h"

#include <cmath>

namespace seedlm {
namespace {

// Rounding errors of the factored error against the direct one, in units of the
// block's energy.
constexpr double kRounding = 1e-12;

} // namespace

void Finisher::start(const BlockVector &block) {
  block_ = block;
  energy_ = error_ = dot(code_, block, block);
  best_ = kZeroRecord;
}

// The error of q is the residual outside the span of U and |Q^T w - 2^e R q|^2.
// Exponents are tried from the greatest, which gives a good bound early; of
// equal records the first is kept.
void Finisher::try_seed(uint32_t seed) {
  const Basis basis = basis_of(code_, seed);
  const Factors factors = factorize(code_, basis);
  double residual;
  const Latent y = project(factors, residual);
  double bound = error_ + kRounding * energy_ - residual;
  if (!(bound > 0))
    return;
  Record record{seed, {}, 0};
  bool found = false;
  for (int e = code_.exponent_max(); e >= code_.exponent_min(); --e) {
    if (!closest_vector(code_, factors, y, std::ldexp(1.0, e), bound,
                        record.coefficients))
      continue;
    record.exponent = static_cast<int8_t>(e);
    found = true;
  }
  if (!found)
    return;
  const double error = error_of(basis, record);
  if (error < error_ || (error == error_ && seed < best_.seed)) {
    error_ = error;
    best_ = record;
  }
}

Latent Finisher::project(const Factors &factors, double &residual) const {
  Latent y{};
  BlockVector rest = block_;
  for (int p = 0; p < code_.latent; ++p) {
    y[p] = dot(code_, factors.q[p], block_);
    subtract(code_, rest, y[p], factors.q[p]);
  }
  residual = dot(code_, rest, rest);
  return y;
}

double Finisher::error_of(const Basis &basis, const Record &record) const {
  BlockVector rest = block_;
  for (int p = 0; p < code_.latent; ++p)
    subtract(code_, rest, std::ldexp(record.coefficients[p], record.exponent),
             basis[p]);
  return dot(code_, rest, rest);
}

} // namespace seedlm
