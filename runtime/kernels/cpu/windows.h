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

#define ENTRIES_1(WINDOWS, SIGNS, V) WINDOWS(V, SIGNS), WINDOWS(V + 1, SIGNS)
#define ENTRIES_2(WINDOWS, SIGNS, V) ENTRIES_1(WINDOWS, SIGNS, V), ENTRIES_1(WINDOWS, SIGNS, V + 2)
#define ENTRIES_3(WINDOWS, SIGNS, V) ENTRIES_2(WINDOWS, SIGNS, V), ENTRIES_2(WINDOWS, SIGNS, V + 4)
#define ENTRIES_4(WINDOWS, SIGNS, V) ENTRIES_3(WINDOWS, SIGNS, V), ENTRIES_3(WINDOWS, SIGNS, V + 8)
#define ENTRIES_5(WINDOWS, SIGNS, V) ENTRIES_4(WINDOWS, SIGNS, V), ENTRIES_4(WINDOWS, SIGNS, V + 16)
#define ENTRIES_6(WINDOWS, SIGNS, V) ENTRIES_5(WINDOWS, SIGNS, V), ENTRIES_5(WINDOWS, SIGNS, V + 32)
#define ENTRIES_7(WINDOWS, SIGNS, V) ENTRIES_6(WINDOWS, SIGNS, V), ENTRIES_6(WINDOWS, SIGNS, V + 64)
#define ENTRIES_8(WINDOWS, SIGNS, V)                                                               \
  ENTRIES_7(WINDOWS, SIGNS, V), ENTRIES_7(WINDOWS, SIGNS, V + 128)
#define ENTRIES_9(WINDOWS, SIGNS, V)                                                               \
  ENTRIES_8(WINDOWS, SIGNS, V), ENTRIES_8(WINDOWS, SIGNS, V + 256)
#define ENTRIES_10(WINDOWS, SIGNS, V)                                                              \
  ENTRIES_9(WINDOWS, SIGNS, V), ENTRIES_9(WINDOWS, SIGNS, V + 512)
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
