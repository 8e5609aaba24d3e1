// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "fixed_vector.h"

#include <bit>
#include <cmath>

namespace seedlm {
namespace {

using Components = std::array<int16_t, 2 * kMaxPairs>;

} // namespace

FixedVector to_fixed(const Code &code, const BlockVector &unit) {
  Components components{};
  for (int c = 0; c < code.block; ++c)
    components[c] = static_cast<int16_t>(rounded(unit[c] * kFixedOne));
  return std::bit_cast<FixedVector>(components);
}

BlockVector from_fixed(const Code &code, const FixedVector &fixed) {
  const auto components = std::bit_cast<Components>(fixed);
  BlockVector vector{};
  for (int c = 0; c < code.block; ++c)
    vector[c] = components[c] / double{kFixedOne};
  return vector;
}

// With h = 1 / (2 kFixedOne) the largest error of a component, that of a
// product of Q and w is at most 2 h |.|_1 <= 2 h sqrt(C), up to h^2, and the
// energy is off by at most twice the length of those of the P products. The
// rounding of the single precision sum is below (P + 2) 2^-24.
double energy_margin(const Code &code) {
  const double product = 1.01 * std::sqrt(code.block) / kFixedOne;
  return 2.01 * std::sqrt(code.latent) * product +
         (code.latent + 4) * 0x1p-23;
}

} // namespace seedlm
