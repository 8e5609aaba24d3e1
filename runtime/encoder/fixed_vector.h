// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Unit vectors in fixed point.
#pragma once

#include "code.h"
#include "fixed_point.h"

namespace seedlm {

// Two components a word: component c is the int16 number c of the array.
// Products of fixed vectors are exact in 32 bits, so what is computed from them
// is the same on every processor.
using FixedVector = std::array<int32_t, kMaxPairs>;

FixedVector to_fixed(const Code &code, const BlockVector &unit);
BlockVector from_fixed(const Code &code, const FixedVector &fixed);

// Upper bound of the error of an energy |Q^T w|^2 computed with Q and w in
// fixed point, w of length 1.
double energy_margin(const Code &code);

} // namespace seedlm
