// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "orbit.h"

namespace seedlm {

Orbit::Orbit(const Code &code) : code_(code) {
  seeds_.reserve(code.seeds());
  for (uint32_t state = 1; seeds_.size() < code.seeds();
       state = code.next_state(state))
    seeds_.push_back(state);
  values_.resize(positions() + kOrbitPadding);
  for (size_t i = 0; i < values_.size(); ++i)
    values_[i] = code.basis_value(seeds_[i % positions()]);
}

Basis Orbit::basis(size_t position) const {
  Basis basis;
  const double *value = &values_[position + 1];
  for (int c = 0; c < code_.block; ++c)
    for (int p = 0; p < code_.latent; ++p)
      basis[p][c] = *value++;
  return basis;
}

} // namespace seedlm
