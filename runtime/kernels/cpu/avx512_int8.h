// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The product with activations of 8 bits, for codes whose basis values are bytes. The basis values of
// one coefficient are multiplied with the activations of a block first, and the sums then with the
// coefficients: half as many multiplications as weights first.
#pragma once

#include "avx512_step.h"

enum { BLOCK = 8, INT8_LIMIT = 127, SUM_LIMIT = 248 };

INLINE float sum_of_eight(__m256 v) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

INLINE float maximum_of_eight(__m256 v) {
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

// The sum of magnitudes is limited to 255 after rounding, so that products with basis values fit into
// 16 bits.
INLINE struct prepared prepare_block(__m256 x) {
  const __m256 magnitudes = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
  const float largest = maximum_of_eight(magnitudes) / INT8_LIMIT;
  const float total = sum_of_eight(magnitudes) / SUM_LIMIT;
  const float scale = largest > total ? largest : total;
  const float inverse = scale > 0 ? 1 / scale : 0;
  const __m256i integers = _mm256_cvtps_epi32(_mm256_mul_ps(x, _mm256_set1_ps(inverse)));
  const __m128i bytes = _mm256_cvtepi32_epi8(integers);
  const __m128i by_parity =
      _mm_shuffle_epi8(bytes, _mm_set_epi8(0, 0, 0, 0, 0, 0, 0, 0, 7, 5, 3, 1, 6, 4, 2, 0));
  const __m128i ones = _mm_cvtsi32_si128(0x01010101);
  const __m128i sum = _mm_dpbusd_epi32(_mm_dpbusd_epi32(_mm_setzero_si128(), ones, bytes), ones,
                                       _mm_srli_epi64(bytes, 32));
  struct prepared prepared = {{0}, {0}, -128 * _mm_cvtsi128_si32(sum), scale};
  _mm_storel_epi64((__m128i *)prepared.halves, bytes);
  _mm_storel_epi64((__m128i *)prepared.parities, by_parity);
  return prepared;
}

INLINE void prepare_row(const float *x, struct prepared *prepared, size_t columns) {
  for (size_t column = 0; column < columns; column += BLOCK) {
    const __mmask8 mask = (__mmask8)((1u << least(columns - column, BLOCK)) - 1);
    *prepared++ = prepare_block(_mm256_maskz_loadu_ps(mask, x + column));
  }
}

// The coefficients of 16 rows as signed words: the even ones and the odd ones.
struct word_pairs {
  __m512i even, odd;
};

INLINE struct word_pairs read_pairs(const struct code *code, const struct selections *selections,
                                    const uint8_t *step, int vector) {
  __m512i words = load(step + words_at(code) + vector / 2 * 64);
  if (!is_mixed(code))
    words = _mm512_multishift_epi64_epi8(selections->coefficients[vector % 2], words);
  else if (vector % 2)
    words = _mm512_slli_epi16(words, 4);
  const int right = 16 - code->coefficient_bits;
  const struct word_pairs pairs = {_mm512_srai_epi16(_mm512_slli_epi16(words, 8), right),
                                   _mm512_srai_epi16(words, right)};
  return pairs;
}

// The sums of activations times the basis values of coefficient `p`.
INLINE __m512i sum_basis(const struct prepared *x, const __m512i *selections, __m512i low,
                         __m512i high, int p) {
  const __m512i start = _mm512_set1_epi32(x->correction);
  const __m512i first = _mm512_set1_epi32(x->halves[0]), second = _mm512_set1_epi32(x->halves[1]);
  const __m512i sum =
      _mm512_dpbusd_epi32(start, _mm512_multishift_epi64_epi8(selections[p], low), first);
  return _mm512_dpbusd_epi32(sum, _mm512_multishift_epi64_epi8(selections[p], high), second);
}

// The same for the first coefficient, whose basis values are bytes of the string and of its nibbles.
INLINE __m512i sum_first_basis(const struct prepared *x, __m512i low, __m512i high) {
  const __m512i start = _mm512_set1_epi32(x->correction);
  const __m512i even = _mm512_set1_epi32(x->parities[0]), odd = _mm512_set1_epi32(x->parities[1]);
  const __m512i shifted = _mm512_or_si512(_mm512_srli_epi32(low, 4), _mm512_slli_epi32(high, 12));
  return _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(start, low, even), shifted, odd);
}

INLINE __m512i join_words(__m512i low, __m512i high) {
  return _mm512_mask_blend_epi16(0xaaaaaaaa, low, _mm512_slli_epi32(high, 16));
}

INLINE void add_int8_block(const struct code *code, const struct selections *selections,
                           const __m512i *basis, const uint8_t *step, const struct prepared *x,
                           __m512 *sums) {
  const struct strings strings = read_strings(code, step);
#pragma GCC unroll 4
  for (int v = 0; v < 4; ++v) {
    const __m512i low = strings.low[v], high = strings.high[v];
    const struct word_pairs q = read_pairs(code, selections, step, v);
    const __m512i even =
        join_words(sum_first_basis(x, low, high), sum_basis(x, basis, low, high, 2));
    const __m512i odd =
        join_words(sum_basis(x, basis, low, high, 1), sum_basis(x, basis, low, high, 3));
    const __m512i products = _mm512_dpwssd_epi32(
        _mm512_dpwssd_epi32(_mm512_setzero_si512(), even, q.even), odd, q.odd);
    sums[v] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(products), _mm512_set1_ps(x->scale), sums[v]);
  }
}

INLINE void multiply_int8_row(const struct code *code, const struct tile *tile,
                              const struct prepared *x, size_t columns, float *y) {
  const struct selections selections = select_all(code);
  __m512i basis[4];
  for (int p = 1; p < 4; ++p)
    basis[p] = selection(p, 4, 32);
  __m512 sums[4];
  for (int v = 0; v < 4; ++v)
    sums[v] = _mm512_setzero_ps();
  const uint8_t *step = tile->codes;
#pragma GCC unroll 1
  for (size_t column = 0; column < columns; column += BLOCK, step += step_bytes(code)) {
    prefetch(code, step);
    add_int8_block(code, &selections, basis, step, x++, sums);
  }
  for (int v = 0; v < 4; ++v)
    _mm512_mask_storeu_ps(y + 16 * v, mask_of(tile->rows, v),
                          _mm512_mul_ps(sums[v], _mm512_loadu_ps(tile->factors + 16 * v)));
}

INLINE void multiply_int8(const struct code *code, const struct operands *o, const uint8_t *prepared,
                          size_t stride) {
  for (size_t row = 0; row < o->rows; row += TILE_ROWS) {
    const struct tile tile = tile_at(code, o, row, 1);
    for (size_t m = 0; m < o->batch; ++m)
      multiply_int8_row(code, &tile, (const struct prepared *)(prepared + m * stride), o->columns,
                        tile.y + m * o->y_stride);
  }
}

INLINE void prepare_rows(const float *x, size_t x_stride, uint8_t *prepared, size_t stride,
                         size_t columns, size_t batch) {
  for (size_t m = 0; m < batch; ++m)
    prepare_row(x + m * x_stride, (struct prepared *)(prepared + m * stride), columns);
}
