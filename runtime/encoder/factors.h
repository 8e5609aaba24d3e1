// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Thin QR of a seed's basis.
#pragma once

#include "code.h"

#include <array>

namespace seedlm {

// U = Q R with orthonormal columns of Q and R upper triangular. A column of U
// that depends on the ones before it has a zero column in Q and a zero on the
// diagonal of R.
using Triangle = std::array<std::array<double, kMaxLatent>, kMaxLatent>;
struct Factors {
  std::array<BlockVector, kMaxLatent> q;
  Triangle r;
};

Factors factorize(const Code &code, const Basis &basis);

// Largest Frobenius norm of R^-1 at which single precision will do.
constexpr double kInverseLimit = 8;

// R^-1 by back substitution; not finite if a diagonal is zero.
Triangle inverse_of(int latent, const Triangle &r);
double frobenius_norm(const Triangle &matrix);

} // namespace seedlm
