// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tables of the basis values of codes whose basis values are bytes: what the bytes of a head give, 32
// basis values each, is combined by XOR. A source file may define BASIS_SIGNS, bits to flip in each 8
// basis values.
#pragma once

#include "multiply.h"

#ifndef BASIS_SIGNS
#define BASIS_SIGNS 0u
#endif

// Four bytes for each of 8 columns.
struct basis {
  uint64_t words[4];
};

// One table for each byte of the head, and one for its nibble.
struct basis_tables {
  struct basis bytes[2][256], nibbles[16];
};

#define ENTRIES_4(WINDOWS, SIGNS, V)                                                               \
  WINDOWS(V, SIGNS), WINDOWS(V + 1, SIGNS), WINDOWS(V + 2, SIGNS), WINDOWS(V + 3, SIGNS)
#define ENTRIES_16(WINDOWS, SIGNS, V)                                                              \
  ENTRIES_4(WINDOWS, SIGNS, V), ENTRIES_4(WINDOWS, SIGNS, V + 4),                                  \
      ENTRIES_4(WINDOWS, SIGNS, V + 8), ENTRIES_4(WINDOWS, SIGNS, V + 12)
#define ENTRIES_64(WINDOWS, SIGNS, V)                                                              \
  ENTRIES_16(WINDOWS, SIGNS, V), ENTRIES_16(WINDOWS, SIGNS, V + 16),                               \
      ENTRIES_16(WINDOWS, SIGNS, V + 32), ENTRIES_16(WINDOWS, SIGNS, V + 48)
#define ENTRIES_256(WINDOWS, SIGNS)                                                                \
  ENTRIES_64(WINDOWS, SIGNS, 0), ENTRIES_64(WINDOWS, SIGNS, 64),                                   \
      ENTRIES_64(WINDOWS, SIGNS, 128), ENTRIES_64(WINDOWS, SIGNS, 192)
#define TABLES(NAME, SCALE)                                                                        \
  {{{ENTRIES_256(NAME##_windows_0, BASIS_SIGNS)}, {ENTRIES_256(NAME##_windows_1, 0u)}},            \
   {ENTRIES_16(NAME##_windows_nibble, 0u, 0)}},

static const _Alignas(64) struct basis_tables basis_tables[] = {SEEDLM_BYTE_PRESETS(TABLES)};

INLINE int has_tables(const struct code *code) {
  return code->basis_bits == 8 && code->block == 8 && code->exponent_bits <= 2;
}

INLINE const struct basis_tables *tables_of(const struct code *code) {
  return &basis_tables[code->table];
}

