// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rows of weights by their indices, decoded one at a time in portable C: each takes about as long as
// reading the tile that it is in.
#pragma once

#include "portable.h"

enum { MAX_BLOCK = 16 };

struct table {
  const uint8_t *codes;
  size_t codes_stride;
  const void *scales;
  size_t rows, columns;
};

INLINE float row_factor(const struct code *code, const struct table *table, size_t row) {
  if (!code->row_scales)
    return code->unit * *(const float *)table->scales;
  return code->unit * half_to_float(((const uint16_t *)table->scales)[row]);
}

// Decodes the weights of a block of a step's row.
INLINE void decode_block(const struct code *code, const uint8_t *step, int row, float factor,
                         float *weights) {
  const uint32_t word = word_of(code, step, row), head = head_of(code, step, row, word);
  const uint64_t string = string_of(code, head);
  const int32_t mask = (1 << code->basis_bits) - 1, half = 1 << (code->basis_bits - 1);
  const int bits = code->coefficient_bits;
  const float scale = factor * power_of(code, head);
  for (int column = 0; column < code->block; ++column) {
    int32_t sum = 0;
    for (int p = 0; p < code->latent; ++p)
      sum += ((int32_t)(string >> (column * code->latent + p) & mask) - half) *
             signed_field(word, bits * p, bits);
    weights[column] = scale * (float)sum;
  }
}

INLINE void decode_row(const struct code *code, const struct table *table, size_t row, float *y) {
  const uint8_t *step = table->codes + row / TILE_ROWS * table->codes_stride;
  const float factor = row_factor(code, table, row);
  for (size_t column = 0; column < table->columns; column += code->block) {
    float weights[MAX_BLOCK];
    decode_block(code, step, row % TILE_ROWS, factor, weights);
    for (size_t k = 0; k < least(table->columns - column, code->block); ++k)
      y[column + k] = weights[k];
    step += step_bytes(code);
  }
}

INLINE void gather_row(const struct code *code, const struct table *table, int64_t index,
                       float *y) {
  if (index >= 0 && (uint64_t)index < table->rows)
    decode_row(code, table, (size_t)index, y);
  else
    for (size_t k = 0; k < table->columns; ++k)
      y[k] = 0;
}

#define DEFINE_GATHER_BY(NAME, SCALE, BITS)                                                        \
  void seedlm_##NAME##_gather_i##BITS(                                                             \
      const uint8_t *codes, size_t codes_offset, size_t codes_stride, const SCALE *scales,         \
      size_t scales_offset, const int##BITS##_t *indices, size_t indices_offset, float *y,         \
      size_t y_offset, size_t y_stride, size_t rows, size_t columns, size_t count) {               \
    const struct table table = {codes + codes_offset, codes_stride, scales + scales_offset, rows,  \
                                columns};                                                          \
    for (size_t i = 0; i < count; ++i)                                                             \
      gather_row(&NAME, &table, indices[indices_offset + i], y + y_offset + i * y_stride);         \
  }
#define DEFINE_GATHER(NAME, SCALE)                                                                 \
  DEFINE_GATHER_BY(NAME, SCALE, 32)                                                                \
  DEFINE_GATHER_BY(NAME, SCALE, 64)

SEEDLM_PRESETS(DEFINE_GATHER)
