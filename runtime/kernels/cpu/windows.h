// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tables of the basis values of codes whose basis values are bytes: what the lower and the upper half
// of a stored seed give, 32 basis values each, is combined by XOR. A source file may define
// BASIS_SIGNS, bits to flip in each 8 basis values.
#pragma once

#include "multiply.h"

#ifndef BASIS_SIGNS
#define BASIS_SIGNS 0u
#endif

// Four bytes for each of 8 columns.
struct basis {
  uint64_t words[4];
};

// Entries for all values of so many bits, which BITS_0, BITS_1 and so on add to what is there.
#define ENTRIES_0(BITS, ...) {{__VA_ARGS__}}
#define ENTRIES_1(BITS, ...)                                                                       \
  ENTRIES_0(BITS, __VA_ARGS__), ENTRIES_0(BITS, BITS##_0(__VA_ARGS__))
#define ENTRIES_2(BITS, ...)                                                                       \
  ENTRIES_1(BITS, __VA_ARGS__), ENTRIES_1(BITS, BITS##_1(__VA_ARGS__))
#define ENTRIES_3(BITS, ...)                                                                       \
  ENTRIES_2(BITS, __VA_ARGS__), ENTRIES_2(BITS, BITS##_2(__VA_ARGS__))
#define ENTRIES_4(BITS, ...)                                                                       \
  ENTRIES_3(BITS, __VA_ARGS__), ENTRIES_3(BITS, BITS##_3(__VA_ARGS__))
#define ENTRIES_5(BITS, ...)                                                                       \
  ENTRIES_4(BITS, __VA_ARGS__), ENTRIES_4(BITS, BITS##_4(__VA_ARGS__))
#define ENTRIES_6(BITS, ...)                                                                       \
  ENTRIES_5(BITS, __VA_ARGS__), ENTRIES_5(BITS, BITS##_5(__VA_ARGS__))
#define ENTRIES_7(BITS, ...)                                                                       \
  ENTRIES_6(BITS, __VA_ARGS__), ENTRIES_6(BITS, BITS##_6(__VA_ARGS__))
#define ENTRIES_8(BITS, ...)                                                                       \
  ENTRIES_7(BITS, __VA_ARGS__), ENTRIES_7(BITS, BITS##_7(__VA_ARGS__))
#define ENTRIES_9(BITS, ...)                                                                       \
  ENTRIES_8(BITS, __VA_ARGS__), ENTRIES_8(BITS, BITS##_8(__VA_ARGS__))
#define ENTRIES_10(BITS, ...)                                                                      \
  ENTRIES_9(BITS, __VA_ARGS__), ENTRIES_9(BITS, BITS##_9(__VA_ARGS__))
#define TABLES(NAME, SCALE) NAME##_tables(BASIS_SIGNS),

// For each code a table for the lower half and one for the upper half.
static const _Alignas(64) struct basis basis_tables[] = {SEEDLM_BYTE_PRESETS(TABLES)};

INLINE int has_tables(const struct code *code) {
  return code->basis_bits == 8 && code->block == 8 && code->exponent_bits <= 2;
}

INLINE int upper_bits(const struct code *code) { return code->seed_bits / 2; }

INLINE int lower_bits(const struct code *code) { return code->seed_bits - upper_bits(code); }

INLINE const struct basis *lower_table(const struct code *code) {
  return basis_tables + code->table;
}

INLINE const struct basis *upper_table(const struct code *code) {
  return lower_table(code) + (1 << lower_bits(code));
}
