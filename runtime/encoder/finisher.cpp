// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "finisher.h"

#include <algorithm>
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
void Finisher::try_seed(uint32_t seed, const Basis &basis) {
  const Factors factors = factorize(code_, basis);
  double residual;
  const Latent y = project(factors, residual);
  double bound = error_ + kRounding * energy_ - residual;
  if (!(bound > 0))
    return;
  Record record{seed, {}, 0};
  const bool found = closest(factors, y, bound, record);
  if (!found)
    return;
  const double error = error_of(basis, record);
  if (error < error_ || (error == error_ && seed < best_.seed)) {
    error_ = error;
    best_ = record;
  }
}

// Finds the coefficients and the exponent of least |y - 2^e R q|^2 below
// `bound`; of equal ones the greatest exponent. The likely exponent goes first
// for a good bound, and is found again in its turn.
bool Finisher::closest(const Factors &factors, const Latent &y, double bound,
                       Record &record) const {
  const auto try_exponent = [&](int e) {
    return closest_vector(code_, factors, y, power_of_two(e), bound,
                          record.coefficients);
  };
  if (try_exponent(likely_exponent(factors, y)))
    bound = std::nextafter(bound, HUGE_VAL);
  const auto [low, high] = possible_exponents(factors, y, bound);
  bool found = false;
  for (int e = high; e >= low; --e) {
    if (!try_exponent(e))
      continue;
    record.exponent = static_cast<int8_t>(e);
    found = true;
  }
  return found;
}

// That which brings the greatest least-squares coefficient into the upper half
// of the range.
int Finisher::likely_exponent(const Factors &factors, const Latent &y) const {
  Latent t{};
  double greatest = 0;
  for (int p = code_.latent - 1; p >= 0; --p) {
    double rest = y[p];
    for (int m = p + 1; m < code_.latent; ++m)
      rest -= factors.r[p][m] * t[m];
    t[p] = factors.r[p][p] > 0 ? rest / factors.r[p][p] : 0;
    greatest = std::max(greatest, std::abs(t[p]));
  }
  if (!(greatest > 0))
    return code_.exponent_min();
  return std::clamp(std::ilogb(greatest) - (code_.coefficient_bits - 2),
                    code_.exponent_min(), code_.exponent_max());
}

// The exponents at which |y - 2^e R q|^2 may be below `bound`: R q is between
// the least diagonal of R, unless q = 0, which the zero record stands for, and
// the greatest q times the columns' lengths.
std::pair<int, int> Finisher::possible_exponents(const Factors &factors,
                                                 const Latent &y,
                                                 double bound) const {
  double shortest = HUGE_VAL, longest = 0, energy = 0;
  for (int p = 0; p < code_.latent; ++p) {
    double squared = 0;
    for (int k = 0; k <= p; ++k)
      squared += factors.r[k][p] * factors.r[k][p];
    longest -= code_.coefficient_min() * std::sqrt(squared);
    shortest = std::min(shortest, factors.r[p][p]);
    energy += y[p] * y[p];
  }
  constexpr double kSlack = 1 + 1e-9;
  const double most = (std::sqrt(energy) + std::sqrt(bound)) * kSlack;
  const double least = std::sqrt(energy) - std::sqrt(bound) * kSlack;
  int low = code_.exponent_min(), high = code_.exponent_max();
  while (high >= low && shortest * power_of_two(high) > most)
    --high;
  while (low <= high && longest * power_of_two(low) * kSlack < least)
    ++low;
  return {low, high};
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
  const double step = power_of_two(record.exponent);
  BlockVector rest = block_;
  for (int p = 0; p < code_.latent; ++p)
    subtract(code_, rest, step * record.coefficients[p], basis[p]);
  return dot(code_, rest, rest);
}

} // namespace seedlm
