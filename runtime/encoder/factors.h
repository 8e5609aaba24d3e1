// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Thin QR of a seed's basis.
#pragma once

#include "code.h"

#include <array>

namespace seedlm {

// U = Q R with orthonormal columns of Q and R upper triangular. A column of U
// that depends on the ones before it has a zero column in Q and a zero on the
// diagonal of R.
struct Factors {
  std::array<BlockVector, kMaxLatent> q;
  std::array<std::array<double, kMaxLatent>, kMaxLatent> r;
};

Factors factorize(const Code &code, const Basis &basis);

} // namespace seedlm
