// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels for AVX-512 with VBMI, VNNI and GFNI.

#include "avx512_f32.h"
#include "avx512_int8.h"

#define LANES 16
#define PANEL_VECTORS 4
#include "panel.h"

enum { DIRECT_BATCH = 4 };

// Where the activations of one block of columns are.
struct block {
  const float *x;
  size_t stride;
};

// The sums over columns of a few rows of activations, by row of activations and vector of the step.
typedef __m512 sums[DIRECT_BATCH][8];

// The activations of the columns of vector `i`.
INLINE __m512 activations(const struct code *code, const float *x, int i) {
  if (is_narrow(code))
    return _mm512_set1_ps(x[i]);
  return _mm512_castpd_ps(
      _mm512_broadcastsd_pd(_mm_castsi128_pd(_mm_loadl_epi64((const __m128i *)(x + 2 * i)))));
}

// Adds the products of a block to the sums and reads the planes of the step after it.
INLINE void add_block(const struct code *code, const struct selections *selections,
                      struct planes *planes, const uint8_t *step, const uint8_t *next,
                      struct block block, int count, sums sums) {
  struct planes planes_after;
#pragma GCC unroll 8
  for (int v = 0; v < vectors_of_step(code); ++v) {
    const struct lanes lanes = read_lanes(code, selections, planes, step, v);
    __m512 products[DIRECT_BATCH];
    for (int m = 0; m < count; ++m)
      products[m] = code->exponent_bits ? _mm512_setzero_ps() : sums[m][v];
#pragma GCC unroll 8
    for (int i = 0; i < code->block / columns_of_vector(code); ++i) {
      const __m512 weights = read_weights(code, selections, &lanes, i);
      for (int m = 0; m < count; ++m)
        products[m] = _mm512_fmadd_ps(weights, activations(code, block.x + m * block.stride, i),
                                      products[m]);
    }
    for (int m = 0; m < count; ++m)
      sums[m][v] =
          code->exponent_bits ? _mm512_fmadd_ps(products[m], lanes.power, sums[m][v]) : products[m];
    settle_floats(&sums[0][v]);
    if (v == 0)
      planes_after = read_planes(code, next);
  }
  copy_planes(code, planes, &planes_after);
}

// The sums of 16 rows.
INLINE __m512 row_sums(const struct code *code, const __m512 *sums, int group) {
  if (is_narrow(code))
    return sums[group];
  const __m512 first = sums[2 * group], second = sums[2 * group + 1];
  return _mm512_add_ps(_mm512_permutex2var_ps(first, even_lanes(), second),
                       _mm512_permutex2var_ps(first, odd_lanes(), second));
}

// Copies the activations of the last block, if it is not a whole one, and fills them up with zeros.
// Returns the columns before it.
INLINE size_t copy_rest(const struct code *code, const struct operands *o, int count,
                        float (*rest)[16]) {
  const size_t whole = o->columns / code->block * code->block;
  for (int m = 0; m < count && whole < o->columns; ++m)
    for (int k = 0; k < 16; ++k)
      rest[m][k] = whole + k < o->columns ? o->x[m * o->x_stride + whole + k] : 0;
  return whole;
}

// Multiplies a tile with `count` rows of activations, from the codes.
INLINE void multiply_direct(const struct code *code, const struct operands *o,
                            const struct tile *tile, int count) {
  sums sums;
  for (int m = 0; m < count; ++m)
    for (int v = 0; v < vectors_of_step(code); ++v)
      sums[m][v] = _mm512_setzero_ps();
  const struct selections selections = select_all(code);
  float rest[DIRECT_BATCH][16];
  const size_t whole = copy_rest(code, o, count, rest);
  struct block block = {o->x, o->x_stride};
  const uint8_t *step = tile->codes;
  struct planes planes = read_planes(code, step);
#pragma GCC unroll 1
  for (size_t column = 0; column < o->columns; column += code->block) {
    const uint8_t *next = column + code->block < o->columns ? step + step_bytes(code) : step;
    if (column == whole)
      block = (struct block){rest[0], 16};
    prefetch(code, step);
    add_block(code, &selections, &planes, step, next, block, count, sums);
    block.x += code->block;
    step = next;
  }
  for (int m = 0; m < count; ++m)
    for (int group = 0; group < 4; ++group)
      _mm512_mask_storeu_ps(tile->y + m * o->y_stride + 16 * group, mask_of(tile->rows, group),
                            _mm512_mul_ps(row_sums(code, sums[m], group),
                                          _mm512_loadu_ps(tile->factors + 16 * group)));
}

INLINE void store_weights(const struct code *code, __m512 *halves, float *at) {
  if (is_narrow(code)) {
    _mm512_storeu_ps(at, halves[0]);
    return;
  }
  _mm512_storeu_ps(at, _mm512_permutex2var_ps(halves[0], even_lanes(), halves[1]));
  _mm512_storeu_ps(at + TILE_ROWS, _mm512_permutex2var_ps(halves[0], odd_lanes(), halves[1]));
}

INLINE void decode(const struct code *code, const uint8_t *step, float *weights) {
  const struct selections selections = select_all(code);
  const struct planes planes = read_planes(code, step);
  const int columns = columns_of_vector(code);
#pragma GCC unroll 4
  for (int group = 0; group < 4; ++group) {
    struct lanes lanes[2];
    for (int h = 0; h < columns; ++h)
      lanes[h] = read_lanes(code, &selections, &planes, step, columns * group + h);
#pragma GCC unroll 8
    for (int i = 0; i < code->block / columns; ++i) {
      __m512 halves[2];
      for (int h = 0; h < columns; ++h) {
        halves[h] = read_weights(code, &selections, &lanes[h], i);
        if (code->exponent_bits)
          halves[h] = _mm512_mul_ps(lanes[h].power, halves[h]);
      }
      store_weights(code, halves, weights + columns * i * TILE_ROWS + 16 * group);
    }
  }
}

INLINE void multiply_tile(const struct code *code, const struct operands *o,
                          const struct tile *tile) {
  if (o->batch == 1)
    multiply_direct(code, o, tile, 1);
  else if (o->batch == 2)
    multiply_direct(code, o, tile, 2);
  else if (o->batch == 3)
    multiply_direct(code, o, tile, 3);
  else if (o->batch == 4)
    multiply_direct(code, o, tile, 4);
  else
    multiply_by_panels(code, o, tile, decode);
}

INLINE void multiply(const struct code *code, const struct operands *o) {
  for (size_t row = 0; row < o->rows; row += TILE_ROWS) {
    const struct tile tile = tile_at(code, o, row, weight_unit(code));
    multiply_tile(code, o, &tile);
  }
}

SEEDLM_PRESETS(DEFINE_KERNEL)
SEEDLM_BYTE_PRESETS(DEFINE_INT8_KERNEL)
