// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How a step is decoded in portable C. The loops over the rows of a tile have no branches and no
// dependences, so that compilers make vector code of them.
#pragma once

#include "multiply.h"

// The records of a step: the strings and the coefficients times the power of two of the block.
struct portable_records {
  uint32_t low[TILE_ROWS], high[TILE_ROWS], words[TILE_ROWS];
  float coefficients[4][TILE_ROWS], start[TILE_ROWS];
};

// Where a row stands in the byte planes and in the plane of words.
INLINE int plane_byte(const struct code *code, int row) {
  const int lanes = 16 / lane_bytes(code), lane = row % (4 * lanes);
  return lane / lanes * 16 + row / (4 * lanes) * lanes + lane % lanes;
}

INLINE int word_byte(const struct code *code, int row) {
  const int lanes = 64 / lane_bytes(code), shared = lane_bytes(code) / 2;
  const int vector = row / lanes, lane = row % lanes;
  return words_at(code) + vector / shared * 64 + (lane * shared + vector % shared) * 2;
}

INLINE uint32_t word_of(const struct code *code, const uint8_t *step, int row) {
  if (!is_mixed(code)) {
    const uint8_t *at = step + word_byte(code, row);
    return at[0] | (uint32_t)at[1] << 8;
  }
  const uint8_t *lane = step + words_at(code) + row / 32 * 64 + row % 16 * 4;
  const int shift = row / 16 % 2 ? 0 : 4;
  uint32_t word = 0;
  for (int i = 0; i < 4; ++i)
    word |= (uint32_t)(lane[i] >> shift & 15) << 4 * i;
  return word;
}

// The word of a row with its nibble, if there is one, above.
INLINE uint32_t word_with_nibble(const struct code *code, const uint8_t *step, int row) {
  const uint32_t word = word_of(code, step, row);
  if (nibble_in_word(code) || code->exponent_bits == 0)
    return word;
  const uint32_t pair = step[nibbles_at(code) + row / 8 * 4 + row % 4];
  return word | (pair >> row / 4 % 2 * 4 & 15) << 16;
}

INLINE void read_string(const struct code *code, const uint8_t *step, int row,
                        struct portable_records *records) {
  const uint32_t low = step[plane_byte(code, row)];
  const uint32_t high = code->seed_bits == 16 ? step[TILE_ROWS + plane_byte(code, row)]
                                              : records->words[row] >> 12;
  const uint64_t string = code->words[0][low & 15] ^ code->words[1][low >> 4] ^
                          code->words[2][high & 15] ^ code->words[3][high >> 4];
  records->low[row] = (uint32_t)string;
  records->high[row] = (uint32_t)(string >> 32);
}

// The signed number in the `bits` bits of a word from `at` on.
INLINE int32_t signed_field(uint32_t word, int at, int bits) {
  return (int32_t)(word << (32 - bits - at)) >> (32 - bits);
}

INLINE float power_of(const struct code *code, uint32_t word) {
  if (code->exponent_bits == 0)
    return 1;
  const int at = code->latent * code->coefficient_bits + code->seed_bits % 8;
  const union {
    int32_t bits;
    float value;
  } power = {(signed_field(word, at, code->exponent_bits) + 127) << 23};
  return power.value;
}

INLINE void read_portably(const struct code *code, const uint8_t *step,
                          struct portable_records *records) {
  for (int row = 0; row < TILE_ROWS; ++row) {
    records->words[row] = word_with_nibble(code, step, row);
    read_string(code, step, row, records);
  }
  const float half = (float)(1 << (code->basis_bits - 1));
  for (int row = 0; row < TILE_ROWS; ++row) {
    const uint32_t word = records->words[row];
    const float power = power_of(code, word);
    float sum = 0;
    for (int p = 0; p < code->latent; ++p) {
      const int bits = code->coefficient_bits;
      records->coefficients[p][row] = power * (float)signed_field(word, bits * p, bits);
      sum += records->coefficients[p][row];
    }
    records->start[row] = -half * sum;
  }
}

// The basis value that starts at bit `n` of a string, which is the same for all rows.
INLINE float basis_value(const struct code *code, uint32_t low, uint32_t high, int n) {
  const uint32_t mask = (1u << code->basis_bits) - 1;
  uint32_t window = n < 32 ? low >> n : high >> (n - 32);
  if (n < 32 && n + code->basis_bits > 32)
    window |= high << (32 - n);
  return (float)(int32_t)(window & mask);
}

INLINE void decode_portably(const struct code *code, const uint8_t *step, float *weights) {
  struct portable_records records;
  read_portably(code, step, &records);
#pragma GCC unroll 16
  for (int column = 0; column < code->block; ++column)
    for (int row = 0; row < TILE_ROWS; ++row) {
      float sum = records.start[row];
      for (int p = 0; p < code->latent; ++p)
        sum += records.coefficients[p][row] * basis_value(code, records.low[row],
                                                          records.high[row],
                                                          column * code->latent + p);
      weights[column * TILE_ROWS + row] = sum;
    }
}
