// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How a step is decoded in portable C. The loops over the rows of a tile have no branches and no
// dependences, so that compilers make vector code of them.
#pragma once

#include "multiply.h"

// The records of a step: the strings and the coefficients times the power of two of the block.
struct portable_records {
  uint32_t low[TILE_ROWS], high[TILE_ROWS];
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
  const uint8_t *lane = step + words_at(code) + row % 32 * 4;
  const int shift = row < 32 ? 4 : 0;
  uint32_t word = 0;
  for (int i = 0; i < 4; ++i)
    word |= (uint32_t)(lane[i] >> shift & 15) << 4 * i;
  return word;
}

// The nibble of a row, if its head has one.
INLINE uint32_t nibble_of(const struct code *code, const uint8_t *step, int row, uint32_t word) {
  if (nibble_in_word(code))
    return word >> 12;
  if (!has_nibble(code))
    return 0;
  return step[nibbles_at(code) + row / 8 * 4 + row % 4] >> row / 4 % 2 * 4 & 15;
}

INLINE uint32_t head_of(const struct code *code, const uint8_t *step, int row, uint32_t word) {
  const int bytes = head_bytes(code);
  uint32_t head = nibble_of(code, step, row, word) << 8 * bytes;
  for (int i = 0; i < bytes; ++i)
    head |= (uint32_t)step[i * TILE_ROWS + plane_byte(code, row)] << 8 * i;
  return head;
}

// The string that the basis values of a block are windows of.
INLINE uint64_t string_of(const struct code *code, uint32_t head) {
  uint64_t string = 0;
  for (int i = 0; 4 * i < code->seed_bits; ++i)
    string ^= code->words[i][head >> 4 * i & 15];
  return string;
}

INLINE void read_string(const struct code *code, int row, uint32_t head,
                        struct portable_records *records) {
  const uint64_t string = string_of(code, head);
  records->low[row] = (uint32_t)string;
  records->high[row] = (uint32_t)(string >> 32);
}

// The signed number in the `bits` bits of a word from `at` on.
INLINE int32_t signed_field(uint32_t word, int at, int bits) {
  return (int32_t)(word << (32 - bits - at)) >> (32 - bits);
}

INLINE float power_of(const struct code *code, uint32_t head) {
  return code->exponent_bits ? code->powers[head >> code->seed_bits] : 1;
}

INLINE void read_portably(const struct code *code, const uint8_t *step,
                          struct portable_records *records) {
  const float half = (float)(1 << (code->basis_bits - 1));
  for (int row = 0; row < TILE_ROWS; ++row) {
    const uint32_t word = word_of(code, step, row), head = head_of(code, step, row, word);
    const float power = power_of(code, head);
    read_string(code, row, head, records);
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

// The integer weights of a step times the powers of two, given its records.
INLINE void decode_records(const struct code *code, const struct portable_records *records,
                           float *weights) {
#pragma GCC unroll 16
  for (int column = 0; column < code->block; ++column)
    for (int row = 0; row < TILE_ROWS; ++row) {
      float sum = records->start[row];
      for (int p = 0; p < code->latent; ++p)
        sum += records->coefficients[p][row] * basis_value(code, records->low[row],
                                                           records->high[row],
                                                           column * code->latent + p);
      weights[column * TILE_ROWS + row] = sum;
    }
}

INLINE void decode_portably(const struct code *code, const uint8_t *step, float *weights) {
  struct portable_records records;
  read_portably(code, step, &records);
  decode_records(code, &records, weights);
}
