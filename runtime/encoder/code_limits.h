// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Limits of the parameters of a code.
#pragma once

namespace seedlm {

constexpr int kMaxBlock = 16;
constexpr int kMaxLatent = 4;

// What the fields of a record beside its seed can hold.
struct RecordLimits {
  int coefficient_bits;
  int exponent_min;
  int exponent_max;
};

} // namespace seedlm
