// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "factors.h"

#include <cmath>

namespace seedlm {
namespace {

// A column whose part outside the span of the others is below this share of its
// length is dependent.
constexpr double kDependent = 1e-12;

} // namespace

// Modified Gram-Schmidt, each column orthogonalised twice, which keeps Q
// orthonormal to rounding.
Factors factorize(const Code &code, const Basis &basis) {
  Factors f{};
  for (int k = 0; k < code.latent; ++k) {
    BlockVector column = basis[k];
    for (int pass = 0; pass < 2; ++pass) {
      for (int i = 0; i < k; ++i) {
        const double projection = dot(code, f.q[i], column);
        f.r[i][k] += projection;
        subtract(code, column, projection, f.q[i]);
      }
    }
    const double length = std::sqrt(dot(code, column, column));
    if (length <= kDependent * std::sqrt(dot(code, basis[k], basis[k])))
      continue;
    f.r[k][k] = length;
    for (int c = 0; c < code.block; ++c)
      f.q[k][c] = column[c] / length;
  }
  return f;
}

Triangle inverse_of(int latent, const Triangle &r) {
  Triangle inverse{};
  for (int k = 0; k < latent; ++k) {
    inverse[k][k] = 1 / r[k][k];
    for (int i = k - 1; i >= 0; --i) {
      double sum = 0;
      for (int m = i + 1; m <= k; ++m)
        sum += r[i][m] * inverse[m][k];
      inverse[i][k] = -sum / r[i][i];
    }
  }
  return inverse;
}

double frobenius_norm(const Triangle &matrix) {
  double sum = 0;
  for (const auto &row : matrix)
    for (const double entry : row)
      sum += entry * entry;
  return std::sqrt(sum);
}

} // namespace seedlm
