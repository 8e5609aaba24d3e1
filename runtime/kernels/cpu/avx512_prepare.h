// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How activations of 8 bits are prepared (kernels.h), eight blocks at a time.
#pragma once

#include <immintrin.h>

#include "prepared.h"

INLINE __m512 combine(__m512 a, __m512 b, int is_sum) {
  return is_sum ? _mm512_add_ps(a, b) : _mm512_max_ps(a, b);
}

// The sum or the maximum of each of eight blocks, two of which are in a vector.
INLINE __m256 of_blocks(const __m512 *v, int is_sum) {
  __m512 fours[2];
  for (int i = 0; i < 2; ++i)
    fours[i] = combine(_mm512_shuffle_f32x4(v[2 * i], v[2 * i + 1], 0x88),
                       _mm512_shuffle_f32x4(v[2 * i], v[2 * i + 1], 0xdd), is_sum);
  const __m512 twos = combine(_mm512_shuffle_ps(fours[0], fours[1], 0x44),
                              _mm512_shuffle_ps(fours[0], fours[1], 0xee), is_sum);
  const __m512 ones = combine(twos, _mm512_movehdup_ps(twos), is_sum);
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 2, 6, 10, 14, 0, 0, 0, 0, 0, 0, 0, 0);
  return _mm512_castps512_ps256(_mm512_permutexvar_ps(order, ones));
}

INLINE __m256 scales_of_blocks(const __m512 *v) {
  __m512 magnitudes[4];
  for (int i = 0; i < 4; ++i)
    magnitudes[i] = _mm512_abs_ps(v[i]);
  const __m256 largest = _mm256_div_ps(of_blocks(magnitudes, 0), _mm256_set1_ps(INT8_LIMIT));
  const __m256 total = _mm256_div_ps(of_blocks(magnitudes, 1), _mm256_set1_ps(SUM_LIMIT));
  return _mm256_max_ps(largest, total);
}

// The integers of eight blocks.
INLINE __m512i round_blocks(const __m512 *v, __m256 scales) {
  const __m256 one = _mm256_set1_ps(1), zero = _mm256_setzero_ps();
  const __mmask8 nonzero = _mm256_cmp_ps_mask(scales, zero, _CMP_GT_OQ);
  const __m512 inverses = _mm512_castps256_ps512(_mm256_maskz_div_ps(nonzero, one, scales));
  const __m512i halves = _mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
  __m512i bytes = _mm512_setzero_si512();
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const __m512i blocks = _mm512_add_epi32(halves, _mm512_set1_epi32(2 * i));
    const __m512 scaled = _mm512_mul_ps(v[i], _mm512_permutexvar_ps(blocks, inverses));
    const __m512i part =
        _mm512_castsi128_si512(_mm512_cvtepi32_epi8(_mm512_cvtps_epi32(scaled)));
    const __m512i quarter = _mm512_set1_epi64(2 * i);
    const __m512i order = _mm512_sub_epi64(_mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7), quarter);
    bytes = _mm512_mask_permutexvar_epi64(bytes, (__mmask8)(3 << 2 * i), order, part);
  }
  return bytes;
}

// Prepares up to eight blocks, the first `columns` columns of 64.
INLINE void prepare_blocks(const struct code *code, const float *x, struct prepared *prepared,
                           size_t columns) {
  const uint64_t loaded = ~0ull >> (64 - columns);
  __m512 v[4];
  for (int i = 0; i < 4; ++i)
    v[i] = _mm512_maskz_loadu_ps((__mmask16)(loaded >> 16 * i), x + 16 * i);
  const __m256 scales = scales_of_blocks(v);
  __m512i bytes = round_blocks(v, scales);
  const __m512i fours =
      _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_set1_epi8(1), bytes);
  const __m512i sums = _mm512_add_epi32(fours, _mm512_srli_epi64(fours, 32));
  const __m512i corrections = _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_slli_epi32(sums, 7));
  const __m512i high = _mm512_slli_epi64(_mm512_cvtepu32_epi64(_mm256_castps_si256(scales)), 32);
  const __m512i rest = _mm512_mask_blend_epi32(0xaaaa, corrections, high);
  if (has_bytes_of_string(code))
    bytes = _mm512_shuffle_epi8(
        bytes, _mm512_broadcast_i32x4(
                   _mm_setr_epi8(0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15)));
  const uint32_t stored = (1u << 2 * ((columns + BLOCK - 1) / BLOCK)) - 1;
  for (int i = 0; i < 2; ++i) {
    const __m512i order = _mm512_add_epi64(_mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11),
                                           _mm512_set1_epi64(4 * i));
    _mm512_mask_storeu_epi64(prepared + 4 * i, (__mmask8)(stored >> 8 * i),
                             _mm512_permutex2var_epi64(bytes, order, rest));
  }
}

INLINE void prepare_row(const struct code *code, const float *x, struct prepared *prepared,
                        size_t columns) {
  for (size_t column = 0; column < columns; column += 8 * BLOCK)
    prepare_blocks(code, x + column, prepared + column / BLOCK,
                   least(columns - column, 8 * BLOCK));
}

INLINE void prepare_rows(const struct code *code, const float *x, size_t x_stride,
                         uint8_t *prepared, size_t stride, size_t columns, size_t batch) {
  for (size_t m = 0; m < batch; ++m)
    prepare_row(code, x + m * x_stride, (struct prepared *)(prepared + m * stride), columns);
}
