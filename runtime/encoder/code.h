// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The parameters of a code and the basis that a seed stands for. The format is
// defined by python/seedlm/codec; names are the same there.
#pragma once

#include "code_limits.h"

#include <array>
#include <bit>
#include <compare>
#include <cstdint>

namespace seedlm {

// 2^exponent, of a normal number.
inline double power_of_two(int exponent) {
  return std::bit_cast<double>(static_cast<uint64_t>(exponent + 1023) << 52);
}

// The nearest integer, of ties the even one, for magnitudes up to 2^51. Without
// a call of the library where the processor has no such instruction.
inline double rounded(double value) {
  constexpr double kShift = 0x1.8p52;
  return (value + kShift) - kShift;
}

struct Code {
  int block;
  int latent;
  int lfsr_width;
  uint32_t tap_mask;
  int coefficient_bits;
  int exponent_bits;
  int basis_bits;

  auto operator<=>(const Code &) const = default;

  uint32_t seeds() const { return (uint32_t{1} << lfsr_width) - 1; }
  int coefficient_min() const { return -(1 << (coefficient_bits - 1)); }
  int coefficient_max() const { return (1 << (coefficient_bits - 1)) - 1; }
  int exponent_min() const {
    return exponent_bits ? -(1 << (exponent_bits - 1)) : 0;
  }
  int exponent_max() const {
    return exponent_bits ? (1 << (exponent_bits - 1)) - 1 : 0;
  }

  RecordLimits limits() const {
    return {coefficient_bits, exponent_min(), exponent_max()};
  }

  uint32_t next_state(uint32_t state) const {
    const auto feedback =
        static_cast<uint32_t>(__builtin_parity(state & tap_mask));
    return (state >> 1) | (feedback << (lfsr_width - 1));
  }

  double basis_value(uint32_t state) const {
    const int half = 1 << (basis_bits - 1);
    const int top = static_cast<int>(state >> (lfsr_width - basis_bits));
    return static_cast<double>(top - half) / (half - 1);
  }
};

// A vector of `block` values. Entries past the block are not used.
using BlockVector = std::array<double, kMaxBlock>;

// The columns of the basis U of one seed.
using Basis = std::array<BlockVector, kMaxLatent>;

inline Basis basis_of(const Code &code, uint32_t seed) {
  Basis basis;
  uint32_t state = seed;
  for (int c = 0; c < code.block; ++c) {
    for (int p = 0; p < code.latent; ++p) {
      state = code.next_state(state);
      basis[p][c] = code.basis_value(state);
    }
  }
  return basis;
}

inline double dot(const Code &code, const BlockVector &a,
                  const BlockVector &b) {
  double sum = 0;
  for (int c = 0; c < code.block; ++c)
    sum += a[c] * b[c];
  return sum;
}

// a -= factor * b
inline void subtract(const Code &code, BlockVector &a, double factor,
                     const BlockVector &b) {
  for (int c = 0; c < code.block; ++c)
    a[c] -= factor * b[c];
}

// What stands in the codes for one block.
struct Record {
  uint32_t seed;
  std::array<int8_t, kMaxLatent> coefficients;
  int8_t exponent;
};

// The record of a block of zeros.
constexpr Record kZeroRecord{1, {}, 0};

} // namespace seedlm
