// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What all instruction sets share: operands, tiles and the definition of the functions.
#pragma once

#include "kernels.h"

#define INLINE static inline __attribute__((always_inline))

struct operands {
  const uint8_t *codes;
  size_t codes_stride;
  const void *scales;
  const float *x;
  size_t x_stride;
  float *y;
  size_t y_stride;
  size_t rows, columns, batch;
  const uint8_t *prepared; // in place of x, if not NULL
  size_t prepared_stride;
};

// A tile, the part of y that it makes and what its sums are multiplied with in the end.
struct tile {
  const uint8_t *codes;
  float *y;
  size_t rows;
  float factors[TILE_ROWS];
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

// Asks for the codes some steps ahead of a step.
INLINE void prefetch(const struct code *code, const uint8_t *step) {
  enum { LINE = 64, AHEAD = 12288 };
  for (size_t at = 0; at < step_bytes(code); at += LINE)
    __builtin_prefetch(step + AHEAD + at);
}

// Defines the functions of all codes by `multiply(code, operands)`.
#define DEFINE_KERNEL(NAME, SCALE)                                                                 \
  static void multiply_##NAME(const struct operands *o) { multiply(&NAME, o); }                    \
  void seedlm_##NAME##_f32(const uint8_t *codes, size_t codes_offset, size_t codes_stride,         \
                           const SCALE *scales, size_t scales_offset, const float *x,              \
                           size_t x_offset, size_t x_stride, float *y, size_t y_offset,            \
                           size_t y_stride, size_t rows, size_t columns, size_t batch) {           \
    const struct operands o = {codes + codes_offset, codes_stride, scales + scales_offset,         \
                               x + x_offset,         x_stride,     y + y_offset,                   \
                               y_stride,             rows,         columns,                        \
                               batch,                NULL,         0};                             \
    multiply_##NAME(&o);                                                                           \
  }

// Defines the functions with activations of 8 bits of all codes by `prepare_rows(code, x, x_stride,
// prepared, prepared_stride, columns, batch)` and MULTIPLY_INT8(name of the code, operands).
#define DEFINE_INT8_KERNEL(NAME, SCALE)                                                            \
  void seedlm_##NAME##_prepare(const float *x, size_t x_offset, size_t x_stride,                   \
                               uint8_t *prepared, size_t prepared_offset,                          \
                               size_t prepared_stride, size_t columns, size_t batch) {             \
    prepare_rows(&NAME, x + x_offset, x_stride, prepared + prepared_offset, prepared_stride,       \
                 columns, batch);                                                                  \
  }                                                                                                \
  void seedlm_##NAME##_int8(const uint8_t *codes, size_t codes_offset, size_t codes_stride,        \
                            const SCALE *scales, size_t scales_offset, const uint8_t *prepared,    \
                            size_t prepared_offset, size_t prepared_stride, const float *x,        \
                            size_t x_offset, size_t x_stride, float *y, size_t y_offset,           \
                            size_t y_stride, size_t rows, size_t columns, size_t batch) {          \
    if (batch > ROUNDED_BATCH) {                                                                   \
      seedlm_##NAME##_f32(codes, codes_offset, codes_stride, scales, scales_offset, x, x_offset,   \
                          x_stride, y, y_offset, y_stride, rows, columns, batch);                  \
      return;                                                                                      \
    }                                                                                              \
    const struct operands o = {                                                                    \
        codes + codes_offset, codes_stride,  scales + scales_offset, NULL, 0,                      \
        y + y_offset,         y_stride,      rows,                   columns, batch,               \
        prepared + prepared_offset, prepared_stride};                                              \
    MULTIPLY_INT8(NAME, &o);                                                                       \
  }
