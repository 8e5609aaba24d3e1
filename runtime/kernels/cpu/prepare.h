// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Activations of 8 bits: how they are prepared (kernels.h), and what they stand for.
#pragma once

#include "prepared.h"

#ifdef __SSE2__
#include <emmintrin.h>
#else
#include <arm_neon.h>
#endif

typedef float eight __attribute__((vector_size(32), aligned(4), may_alias));
typedef int8_t eight_bytes __attribute__((vector_size(8), aligned(1), may_alias));

// Loads the activations of a block, zeros after the first `columns`.
INLINE eight load_block(const float *x, size_t columns) {
  if (columns >= BLOCK)
    return *(const eight *)x;
  eight block = {0};
  for (size_t k = 0; k < columns; ++k)
    block[k] = x[k];
  return block;
}

// Rounds to the nearest integers, halves to even ones.
INLINE eight_bytes round_block(eight x) {
  union {
    eight floats;
#ifdef __SSE2__
    __m128 halves[2];
    __m128i integers[2];
#else
    float32x4_t halves[2];
    int32x4_t integers[2];
#endif
    int32_t values[BLOCK];
  } block = {x};
  for (int h = 0; h < 2; ++h)
#ifdef __SSE2__
    block.integers[h] = _mm_cvtps_epi32(block.halves[h]);
#else
    block.integers[h] = vcvtnq_s32_f32(block.halves[h]);
#endif
  eight_bytes bytes;
  for (int k = 0; k < BLOCK; ++k)
    bytes[k] = (int8_t)block.values[k];
  return bytes;
}

INLINE float scale_of(eight x) {
  float largest = 0, sums[4];
  for (int k = 0; k < 4; ++k) {
    const float a = __builtin_fabsf(x[k]), b = __builtin_fabsf(x[k + 4]), greater = a > b ? a : b;
    largest = greater > largest ? greater : largest;
    sums[k] = a + b;
  }
  largest /= INT8_LIMIT;
  const float total = ((sums[0] + sums[2]) + (sums[1] + sums[3])) / SUM_LIMIT;
  return largest > total ? largest : total;
}

INLINE struct prepared prepare_block(const struct code *code, eight x) {
  const float scale = scale_of(x), inverse = scale > 0 ? 1 / scale : 0;
  eight_bytes bytes = round_block(x * inverse);
  int32_t sum = 0;
  for (int k = 0; k < BLOCK; ++k)
    sum += bytes[k];
  if (has_bytes_of_string(code))
    bytes = __builtin_shufflevector(bytes, bytes, 0, 2, 4, 6, 1, 3, 5, 7);
  struct prepared prepared = {{0}, -128 * sum, scale};
  *(eight_bytes *)prepared.halves = bytes;
  return prepared;
}

// The activations that prepared ones stand for.
INLINE eight restore_block(const struct code *code, const struct prepared *prepared) {
  eight_bytes bytes = *(const eight_bytes *)prepared->halves;
  if (has_bytes_of_string(code))
    bytes = __builtin_shufflevector(bytes, bytes, 0, 4, 1, 5, 2, 6, 3, 7);
  return __builtin_convertvector(bytes, eight) * prepared->scale;
}

INLINE void prepare_row(const struct code *code, const float *x, struct prepared *prepared,
                        size_t columns) {
  for (size_t column = 0; column < columns; column += BLOCK)
    *prepared++ = prepare_block(code, load_block(x + column, columns - column));
}

INLINE void prepare_rows(const struct code *code, const float *x, size_t x_stride,
                         uint8_t *prepared, size_t stride, size_t columns, size_t batch) {
  for (size_t m = 0; m < batch; ++m)
    prepare_row(code, x + m * x_stride, (struct prepared *)(prepared + m * stride), columns);
}
