// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What all instruction sets share: operands, scales and the product by panels of decoded weights.
#pragma once

#include "kernels.h"

#define INLINE static inline __attribute__((always_inline))

// A panel of decoded weights is f32 [PANEL_COLUMNS][TILE_ROWS], small enough for the first cache.
enum { PANEL_COLUMNS = 96 };

struct operands {
  const uint8_t *codes;
  size_t codes_stride;
  const void *scales;
  const float *x;
  size_t x_stride;
  float *y;
  size_t y_stride;
  size_t rows, columns, batch;
};

// A tile, the part of y that it makes and what its sums are multiplied with in the end.
struct tile {
  const uint8_t *codes;
  float *y;
  size_t rows;
  float factors[TILE_ROWS];
};

// Some columns of a panel's product: the sums of the columns before them are in y.
struct span {
  const float *x;
  float *y;
  size_t columns;
  int first, last;
};

INLINE size_t least(size_t a, size_t b) { return a < b ? a : b; }

// The value of an f16, also where subnormal numbers are taken for zero.
INLINE float half_to_float(uint16_t half) {
  const uint32_t magnitude = half & 0x7fff;
  const union {
    uint32_t bits;
    float value;
  } normal = {(magnitude << 13) + (112u << 23)};
  const float value = magnitude < 0x400 ? (float)(int32_t)magnitude * 0x1p-24f : normal.value;
  return half & 0x8000 ? -value : value;
}

// The tile with a row; sums will be of weights without scale and unit, times `multiple`.
INLINE struct tile tile_at(const struct code *code, const struct operands *o, size_t row,
                           float multiple) {
  struct tile tile = {o->codes + row / TILE_ROWS * o->codes_stride, o->y + row,
                      least(o->rows - row, TILE_ROWS), {0}};
  const float unit = code->unit / multiple;
  if (!code->row_scales)
    for (int i = 0; i < TILE_ROWS; ++i)
      tile.factors[i] = unit * *(const float *)o->scales;
  else
    for (size_t i = 0; i < tile.rows; ++i)
      tile.factors[i] = unit * half_to_float(((const uint16_t *)o->scales)[row + i]);
  return tile;
}

// Decodes the weights of a step, without scale and unit, to f32 [block][TILE_ROWS].
typedef void decode_step(const struct code *code, const uint8_t *step, float *weights);

// Multiplies a panel with `count` rows of activations.
typedef void multiply_panel(const struct tile *tile, const struct operands *o, struct span span,
                            const float *panel, size_t count);

// Multiplies a tile with all rows of activations, `group` of them at a time.
INLINE void multiply_by_panels(const struct code *code, const struct operands *o,
                               const struct tile *tile, decode_step *decode,
                               multiply_panel *multiply, size_t group) {
  _Alignas(64) float panel[PANEL_COLUMNS * TILE_ROWS];
  const uint8_t *step = tile->codes;
  for (size_t column = 0; column < o->columns; column += PANEL_COLUMNS) {
    const size_t columns = least(o->columns - column, PANEL_COLUMNS);
    for (size_t k = 0; k < columns; k += code->block, step += step_bytes(code))
      decode(code, step, panel + k * TILE_ROWS);
    for (size_t row = 0; row < o->batch; row += group) {
      const struct span span = {o->x + row * o->x_stride + column, tile->y + row * o->y_stride,
                                columns, column == 0, column + columns == o->columns};
      multiply(tile, o, span, panel, least(o->batch - row, group));
    }
  }
}

// Defines the functions of all codes by `multiply(code, operands)`.
#define DEFINE_KERNEL(NAME, SCALE)                                                                 \
  void seedlm_##NAME##_f32(const uint8_t *codes, size_t codes_offset, size_t codes_stride,         \
                           const SCALE *scales, size_t scales_offset, const float *x,              \
                           size_t x_offset, size_t x_stride, float *y, size_t y_offset,            \
                           size_t y_stride, size_t rows, size_t columns, size_t batch) {           \
    const struct operands o = {codes + codes_offset, codes_stride, scales + scales_offset,         \
                               x + x_offset,         x_stride,     y + y_offset,                   \
                               y_stride,             rows,         columns,                        \
                               batch};                                                             \
    multiply(&NAME, &o);                                                                           \
  }
