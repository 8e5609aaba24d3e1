// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The product with activations of 8 bits, for codes whose basis values are bytes. The basis values
// of one coefficient are multiplied with the activations of a block first, and the sums then with
// the coefficients: half as many multiplications as weights first.
#pragma once

#include "avx512_prepare.h"
#include "avx512_step.h"

enum { VECTORS = 4, INT8_BATCH = 4 };

struct int8_constants {
  __m512i windows[4][2], bodies[2], zero;
  __mmask32 odd_words, even_words;
};

INLINE struct int8_constants int8_constants(const struct code *code) {
  struct int8_constants constants; // an initializer would call memset
  const int latent = code->latent;
  for (int p = 0; p < latent && !has_bytes_of_string(code); ++p)
    for (int half = 0; half < 2; ++half)
      constants.windows[p][half] = selection(4 * latent * half + p, latent, 32);
  for (int i = 0; i < 2 && !is_mixed(code); ++i)
    constants.bodies[i] = body_selection(code, i);
  constants.zero = keep(_mm512_setzero_si512());
  constants.odd_words = 0xaaaaaaaa;
  constants.even_words = 0x55555555;
  __asm__("" : "+Yk"(constants.odd_words));
  __asm__("" : "+Yk"(constants.even_words));
  return constants;
}

// The coefficients of 16 rows as signed words: 0 and 2, and 1 and 3.
struct word_pairs {
  __m512i even, odd;
};

INLINE struct word_pairs read_pairs(const struct code *code, const struct int8_constants *constants,
                                    __m512i body, int v) {
  const unsigned right = 16 - (unsigned)code->coefficient_bits;
  if (!is_mixed(code))
    body = _mm512_multishift_epi64_epi8(constants->bodies[v % 2], body);
  return (struct word_pairs){
      _mm512_srai_epi16(_mm512_slli_epi16(body, 8), right),
      code->latent == 4 ? _mm512_srai_epi16(body, right)
                        : _mm512_maskz_srai_epi16(constants->even_words, body, right)};
}

// The windows of 16 rows: of each coefficient for half of the columns and for the other half.
struct windows {
  __m512i halves[4][2];
};

// The low lanes of 64 bits shifted right, 0 <= `count` < 8.
INLINE __m512i shift_strings(__m512i low, __m512i end, int count) {
  switch (count) {
  case 0:
    return low;
  case 1:
    return _mm512_shrdi_epi32(low, end, 1);
  case 2:
    return _mm512_shrdi_epi32(low, end, 2);
  case 3:
    return _mm512_shrdi_epi32(low, end, 3);
  case 4:
    return _mm512_shrdi_epi32(low, end, 4);
  case 5:
    return _mm512_shrdi_epi32(low, end, 5);
  case 6:
    return _mm512_shrdi_epi32(low, end, 6);
  default:
    return _mm512_shrdi_epi32(low, end, 7);
  }
}

INLINE struct windows cut_windows(const struct code *code, const struct int8_constants *constants,
                                  __m512i low, __m512i end) {
  struct windows windows;
  for (int p = 0; p < code->latent; ++p)
    for (int half = 0; half < 2; ++half)
      windows.halves[p][half] =
          has_bytes_of_string(code)
              ? shift_strings(low, end, p + 4 * half)
              : _mm512_multishift_epi64_epi8(constants->windows[p][half], low);
  return windows;
}

// The sums of activations times the basis values of 16 rows, by coefficient.
struct products {
  __m512i sums[4];
};

INLINE struct products multiply_windows(const struct code *code, const struct windows *windows,
                                        const struct prepared *x) {
  const __m512i start = _mm512_set1_epi32(x->correction);
  const __m512i first = _mm512_set1_epi32(x->halves[0]), second = _mm512_set1_epi32(x->halves[1]);
  struct products products;
  for (int p = 0; p < code->latent; ++p) {
    const __m512i sum = _mm512_dpbusd_epi32(start, windows->halves[p][0], first);
    products.sums[p] = _mm512_dpbusd_epi32(sum, windows->halves[p][1], second);
  }
  for (int p = 0; p < code->latent; ++p)
    settle(&products.sums[p]);
  return products;
}

INLINE __m512i pair_words(const struct int8_constants *constants, __m512i low, __m512i high) {
  return _mm512_mask_blend_epi16(constants->odd_words, low, _mm512_slli_epi32(high, 16));
}

// The records of 16 rows.
struct records {
  struct windows windows;
  struct word_pairs q;
  __m512i exponents;
};

INLINE struct records read_records(const struct code *code, const struct int8_constants *constants,
                                   const struct planes *planes, const uint8_t *step, int v) {
  const __m512i low = join_string(planes, 0, v), body = body_lanes(code, step, v);
  const __m512i end = has_bytes_of_string(code) ? string_end(planes, step, v) : low;
  return (struct records){
      cut_windows(code, constants, low, end), read_pairs(code, constants, body, v),
      code->exponent_bits ? narrow_exponents(code, planes, step, body, v) : low};
}

// The sums of a few rows of activations, by vector of the step and row.
typedef __m512 int8_sums[VECTORS][INT8_BATCH];

// One block of a few rows of prepared activations.
struct prepared_block {
  const uint8_t *x;
  size_t stride;
};

INLINE const struct prepared *prepared_at(const struct prepared_block *block, int m) {
  return (const struct prepared *)(block->x + (size_t)m * block->stride);
}

// Products of 16 rows that are still to be multiplied with coefficients and added up.
struct pending {
  struct products products;
  struct word_pairs q;
  __m512i exponents;
  const struct prepared *x;
  __m512 *sums;
};

INLINE void add_products(const struct code *code, const struct int8_constants *constants,
                         const struct pending *pending) {
  const __m512i *p = pending->products.sums;
  const __m512i even = pair_words(constants, p[0], p[2]);
  const __m512i odd = code->latent == 4 ? pair_words(constants, p[1], p[3]) : p[1];
  const __m512i first = keep(_mm512_dpwssd_epi32(constants->zero, even, pending->q.even));
  __m512i both = _mm512_dpwssd_epi32(first, odd, pending->q.odd);
  if (code->exponent_bits)
    both = _mm512_sllv_epi32(both, pending->exponents);
  const __m512 scale = _mm512_set1_ps(pending->x->scale);
  *pending->sums = _mm512_fmadd_ps(_mm512_cvtepi32_ps(both), scale, *pending->sums);
  settle_floats(pending->sums);
}

// Adds a block's products with `count` rows of activations to the sums, and reads the planes of the
// step after it. Products are added up while the next ones are computed.
INLINE void add_int8_block(const struct code *code, const struct int8_constants *constants,
                           struct planes *planes, const uint8_t *step, const uint8_t *next,
                           const struct prepared_block *block, int count, int8_sums sums) {
  struct planes planes_after;
  struct pending pending;
#pragma GCC unroll 4
  for (int v = 0; v < VECTORS; ++v) {
    const struct records records = read_records(code, constants, planes, step, v);
#pragma GCC unroll 4
    for (int m = 0; m < count; ++m) {
      const struct pending done = pending;
      const struct prepared *x = prepared_at(block, m);
      pending = (struct pending){multiply_windows(code, &records.windows, x), records.q,
                                 records.exponents, x, &sums[v][m]};
      if (v == 0 && m == 0)
        planes_after = read_planes(code, next);
      else
        add_products(code, constants, &done);
    }
  }
  add_products(code, constants, &pending);
  copy_planes(code, planes, &planes_after);
}

// Multiplies a tile with `count` rows of activations.
INLINE void multiply_int8_rows(const struct code *code, const struct tile *tile,
                               struct prepared_block block, size_t columns, float *y,
                               size_t y_stride, int count) {
  const struct int8_constants constants = int8_constants(code);
  int8_sums sums;
  for (int v = 0; v < VECTORS; ++v)
    for (int m = 0; m < count; ++m)
      sums[v][m] = _mm512_setzero_ps();
  const uint8_t *step = tile->codes;
  struct planes planes = read_planes(code, step);
#pragma GCC unroll 1
  for (size_t column = 0; column < columns; column += BLOCK) {
    const uint8_t *next = column + BLOCK < columns ? step + step_bytes(code) : step;
    prefetch(code, step);
    add_int8_block(code, &constants, &planes, step, next, &block, count, sums);
    block.x += sizeof(struct prepared);
    step = next;
  }
  for (int m = 0; m < count; ++m)
    for (int v = 0; v < VECTORS; ++v)
      _mm512_mask_storeu_ps(y + (size_t)m * y_stride + 16 * v, mask_of(tile->rows, v),
                            _mm512_mul_ps(sums[v][m], _mm512_loadu_ps(tile->factors + 16 * v)));
}

INLINE void multiply_int8_tile(const struct code *code, const struct operands *o,
                               const struct tile *tile, struct prepared_block block) {
  float *y = tile->y;
  size_t left = o->batch;
  for (; left >= INT8_BATCH; left -= INT8_BATCH) {
    multiply_int8_rows(code, tile, block, o->columns, y, o->y_stride, INT8_BATCH);
    block.x += INT8_BATCH * block.stride;
    y += INT8_BATCH * o->y_stride;
  }
  if (left == 1)
    multiply_int8_rows(code, tile, block, o->columns, y, o->y_stride, 1);
  else if (left == 2)
    multiply_int8_rows(code, tile, block, o->columns, y, o->y_stride, 2);
  else if (left == 3)
    multiply_int8_rows(code, tile, block, o->columns, y, o->y_stride, 3);
}

INLINE void multiply_int8(const struct code *code, const struct operands *o) {
  for (size_t row = 0; row < o->rows; row += TILE_ROWS) {
    const struct tile tile = tile_at(code, o, row, 1 / code->powers[0]);
    multiply_int8_tile(code, o, &tile, (struct prepared_block){o->prepared, o->prepared_stride});
  }
}

#define MULTIPLY_INT8(NAME, O) multiply_int8(&NAME, O)
