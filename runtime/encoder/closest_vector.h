// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The closest lattice vector in a box of coefficients.
#pragma once

#include "code.h"
#include "factors.h"

namespace seedlm {

using Latent = std::array<double, kMaxLatent>;
using Coefficients = std::array<int8_t, kMaxLatent>;

// Searches the q in the code's coefficient range that minimises |y - step R
// q|^2, by Schnorr-Euchner enumeration. If the minimum is below `bound`, lowers
// `bound` to it, sets `q` and returns true; of equal minima the first in order
// of enumeration, which does not depend on `bound`, is taken.
bool closest_vector(const Code &code, const Factors &factors, const Latent &y,
                    double step, double &bound, Coefficients &q);

} // namespace seedlm
