// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How a step is decoded in portable C. The loops over the rows of a tile have no branches and no
// dependences, so that compilers make vector code of them.
#pragma once

#include "multiply.h"

// The records of a step: strings as two words, coefficients times the power of two of the block.
struct portable_records {
  uint32_t low[TILE_ROWS], high[TILE_ROWS];
  float coefficients[4][TILE_ROWS];
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

INLINE uint32_t read_nibble(const struct code *code, const uint8_t *step, int row, uint32_t word) {
  if (nibble_in_word(code))
    return word >> 12;
  if (code->exponent_bits == 0)
    return 0;
  return step[nibbles_at(code) + row / 8 * 4 + row % 4] >> row / 4 % 2 * 4 & 15;
}

INLINE void read_record(const struct code *code, const uint8_t *step, int row,
                        struct portable_records *records) {
  const uint8_t *at = step + word_byte(code, row);
  const uint32_t word = at[0] | (uint32_t)at[1] << 8;
  const uint32_t nibble = read_nibble(code, step, row, word);
  const uint32_t low = step[plane_byte(code, row)];
  const uint32_t high = code->seed_bits < 16 ? nibble : step[TILE_ROWS + plane_byte(code, row)];
  const uint64_t string = code->words[0][low & 15] ^ code->words[1][low >> 4] ^
                          code->words[2][high & 15] ^ code->words[3][high >> 4];
  records->low[row] = (uint32_t)string;
  records->high[row] = (uint32_t)(string >> 32);
  for (int p = 0; p < code->latent; ++p) {
    const int bits = code->coefficient_bits;
    const int32_t coefficient = (int32_t)(word << (32 - bits - bits * p)) >> (32 - bits);
    records->coefficients[p][row] = (float)coefficient * code->powers[nibble];
  }
}

// Adds the products of a coefficient with the basis values that start at bit `n` of the strings.
INLINE void add_basis(const struct code *code, const struct portable_records *records, int p, int n,
                      float *weights) {
  const uint32_t mask = (1u << code->basis_bits) - 1;
  const float *q = records->coefficients[p];
  for (int row = 0; row < TILE_ROWS; ++row) {
    const uint32_t low = records->low[row], high = records->high[row];
    uint32_t window = n < 32 ? low >> n : high >> (n - 32);
    if (n < 32 && n + code->basis_bits > 32)
      window |= high << (32 - n);
    weights[row] += q[row] * (float)(int32_t)(window & mask);
  }
}

static void decode_portably(const struct code *code, const uint8_t *step, float *weights) {
  struct portable_records records;
  for (int row = 0; row < TILE_ROWS; ++row)
    read_record(code, step, row, &records);
  float start[TILE_ROWS];
  for (int row = 0; row < TILE_ROWS; ++row) {
    float sum = 0;
    for (int p = 0; p < code->latent; ++p)
      sum += records.coefficients[p][row];
    start[row] = sum * -(float)(1 << (code->basis_bits - 1));
  }
  for (int column = 0; column < code->block; ++column) {
    float *at = weights + column * TILE_ROWS;
    for (int row = 0; row < TILE_ROWS; ++row)
      at[row] = start[row];
    for (int p = 0; p < code->latent; ++p)
      add_basis(code, &records, p, column * code->latent + p, at);
  }
}
