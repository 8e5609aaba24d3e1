// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The functions that compiled modules call. Each instruction set has all of them.
#pragma once

#include "presets.h"

// y[m, n] = sum over k of x[m, k] * w[n, k], with the activations as they are and sums in f32.
//
// A matrix is a base pointer, an offset and a stride from row to row, both in elements. The codes
// are a matrix of bytes with a tile of 64 rows of weights in each row (seedlm.passes.cpu_form.layout)
// and the scales a vector: one f16 (its bits) a row of weights, or one f32 for all. `rows` may end
// inside a tile and `columns` inside a block; only x[0..batch)[0..columns) is read and only
// y[0..batch)[0..rows) written.
#define SEEDLM_DECLARE(NAME, SCALE)                                                                \
  void seedlm_##NAME##_f32(const uint8_t *codes, size_t codes_offset, size_t codes_stride,         \
                           const SCALE *scales, size_t scales_offset, const float *x,              \
                           size_t x_offset, size_t x_stride, float *y, size_t y_offset,            \
                           size_t y_stride, size_t rows, size_t columns, size_t batch);

SEEDLM_PRESETS(SEEDLM_DECLARE)
#undef SEEDLM_DECLARE

// y[i, k] = w[indices[i], k], and 0 for indices that name none of the `rows` rows. The codes and scales
// are those of the whole weight.
#define SEEDLM_DECLARE_BY(NAME, SCALE, BITS)                                                       \
  void seedlm_##NAME##_gather_i##BITS(                                                             \
      const uint8_t *codes, size_t codes_offset, size_t codes_stride, const SCALE *scales,         \
      size_t scales_offset, const int##BITS##_t *indices, size_t indices_offset, float *y,         \
      size_t y_offset, size_t y_stride, size_t rows, size_t columns, size_t count);
#define SEEDLM_DECLARE(NAME, SCALE)                                                                \
  SEEDLM_DECLARE_BY(NAME, SCALE, 32)                                                               \
  SEEDLM_DECLARE_BY(NAME, SCALE, 64)

SEEDLM_PRESETS(SEEDLM_DECLARE)
#undef SEEDLM_DECLARE
#undef SEEDLM_DECLARE_BY

// Products with activations of 8 bits, for codes of 8 columns whose basis values are bytes.
// Activations are prepared first: for each block of 8 columns, the last filled up with zeros, one
// `prepared` a row. x is about scale times the integers. More rows than ROUNDED_BATCH are not
// rounded: from there on the f32 function, which decodes weights once for many rows, is faster.
enum { ROUNDED_BATCH = 7 };

struct prepared {
  int32_t halves[2];  // integers, as bytes: of columns 0 to 3 and 4 to 7 or, if the code has four
                      // coefficients, of columns 0, 2, 4, 6 and 1, 3, 5, 7
  int32_t correction; // -128 times the sum of the integers
  float scale;
} __attribute__((packed));

#define SEEDLM_DECLARE(NAME, SCALE)                                                                \
  void seedlm_##NAME##_prepare(const float *x, size_t x_offset, size_t x_stride,                   \
                               uint8_t *prepared, size_t prepared_offset,                          \
                               size_t prepared_stride, size_t columns, size_t batch);              \
  void seedlm_##NAME##_int8(const uint8_t *codes, size_t codes_offset, size_t codes_stride,        \
                            const SCALE *scales, size_t scales_offset, const uint8_t *prepared,    \
                            size_t prepared_offset, size_t prepared_stride, const float *x,        \
                            size_t x_offset, size_t x_stride, float *y, size_t y_offset,           \
                            size_t y_stride, size_t rows, size_t columns, size_t batch);

SEEDLM_BYTE_PRESETS(SEEDLM_DECLARE)
#undef SEEDLM_DECLARE
