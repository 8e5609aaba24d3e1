// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "subspaces.h"

#include <cmath>
#include <cstring>

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
    vector[c] = components[c] / kFixedOne;
  return vector;
}

Subspaces::Subspaces(const Code &code)
    : code_(code), row_words_(row_words_of(code.latent, (code.block + 1) / 2)) {
  const size_t positions = code.seeds();
  orbit_.reserve(positions);
  for (uint32_t state = 1; orbit_.size() < positions;
       state = code.next_state(state))
    orbit_.push_back(state);
  values_.resize(positions + code.block * code.latent + 1);
  for (size_t i = 0; i < values_.size(); ++i)
    values_[i] = code.basis_value(orbit_[i % positions]);
  rows_.resize(positions * row_words_);
  triangles_.resize(positions * triangle_size(code.latent));
  for (size_t position = 0; position < positions; ++position)
    add(position);
}

void Subspaces::add(size_t position) {
  const Factors factors = factorize(code_, basis(position));
  const size_t pairs = static_cast<size_t>(code_.block + 1) / 2;
  float *entry = &triangles_[position * triangle_size(code_.latent)];
  for (int p = 0; p < code_.latent; ++p) {
    const FixedVector column = to_fixed(code_, factors.q[p]);
    std::memcpy(&rows_[position * row_words_ + p * pairs], column.data(),
                pairs * sizeof(int32_t));
    for (int m = p; m < code_.latent; ++m)
      *entry++ = static_cast<float>(factors.r[p][m]);
  }
}

Basis Subspaces::basis(size_t position) const {
  Basis basis;
  const double *value = &values_[position + 1];
  for (int c = 0; c < code_.block; ++c)
    for (int p = 0; p < code_.latent; ++p)
      basis[p][c] = *value++;
  return basis;
}

SubspaceView Subspaces::view() const {
  return {code_.latent,          (code_.block + 1) / 2, code_.coefficient_bits,
          code_.exponent_min(),  code_.exponent_max(),  rows_.data(),
          triangles_.data()};
}

// With h = 1 / (2 kFixedOne) the largest error of a component, that of a
// product of Q and w is at most 2 h |.|_1 <= 2 h sqrt(C), up to h^2, and the
// energy is off by at most twice the length of those of the P products. The
// rounding of the single precision sum is below (P + 2) 2^-24.
double Subspaces::margin() const {
  const double product = 1.01 * std::sqrt(code_.block) / kFixedOne;
  return 2.01 * std::sqrt(code_.latent) * product +
         (code_.latent + 4) * 0x1p-23;
}

} // namespace seedlm
