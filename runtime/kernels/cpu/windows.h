// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tables of the basis values of codes whose basis values are bytes. What the bytes of a stored seed
// give, 32 basis values each, is combined by XOR. A source file may define BASIS_SIGNS, bits to flip in
// each 8 basis values.
#pragma once

#include "multiply.h"

#ifndef BASIS_SIGNS
#define BASIS_SIGNS 0u
#endif

typedef uint64_t basis_bytes[4];

#define ENTRIES_4(WINDOWS, V)                                                                      \
  {WINDOWS(V)}, {WINDOWS(V + 1)}, {WINDOWS(V + 2)}, {WINDOWS(V + 3)}
#define ENTRIES_16(WINDOWS, V)                                                                     \
  ENTRIES_4(WINDOWS, V), ENTRIES_4(WINDOWS, V + 4), ENTRIES_4(WINDOWS, V + 8),                     \
      ENTRIES_4(WINDOWS, V + 12)
#define ENTRIES_64(WINDOWS, V)                                                                     \
  ENTRIES_16(WINDOWS, V), ENTRIES_16(WINDOWS, V + 16), ENTRIES_16(WINDOWS, V + 32),                \
      ENTRIES_16(WINDOWS, V + 48)
#define ENTRIES_256(WINDOWS)                                                                       \
  ENTRIES_64(WINDOWS, 0), ENTRIES_64(WINDOWS, 64), ENTRIES_64(WINDOWS, 128),                       \
      ENTRIES_64(WINDOWS, 192)

static const _Alignas(64) basis_bytes seed_4bit_first[256] = {ENTRIES_256(SEED_4BIT_WINDOWS_0)};
static const _Alignas(64) basis_bytes seed_4bit_second[256] = {ENTRIES_256(SEED_4BIT_WINDOWS_1)};
static const _Alignas(64) basis_bytes seed_3bit_first[256] = {ENTRIES_256(SEED_3BIT_WINDOWS_0)};
static const _Alignas(64) basis_bytes seed_3bit_second[16] = {ENTRIES_16(SEED_3BIT_WINDOWS_1, 0)};

INLINE int has_tables(const struct code *code) { return code->basis_bits == 8; }

INLINE const basis_bytes *first_table(const struct code *code) {
  return code == &seed_4bit ? seed_4bit_first : seed_3bit_first;
}

INLINE const basis_bytes *second_table(const struct code *code) {
  return code == &seed_4bit ? seed_4bit_second : seed_3bit_second;
}
