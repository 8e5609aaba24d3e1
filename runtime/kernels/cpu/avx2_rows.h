// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How codes whose basis values are bytes are decoded with AVX2: row by row, with a block's columns in
// the lanes. The basis values of a record are two loads from tables that stay in the first cache;
// vpmaddubsw and vpmaddwd multiply them with the coefficients.
//
// Basis values are taken as unsigned here: sums have to be corrected by `half` times the sum of the
// coefficients.
#pragma once

#include <immintrin.h>

#include "windows.h"

enum { STEPS = 4, HALF = 128 };

// The records of a few steps: offsets in bytes into the tables and coefficients as signed bytes, by
// row but for the offsets that come from byte planes, which are by place in the plane.
struct records {
  _Alignas(32) uint32_t first[STEPS][TILE_ROWS];
  uint32_t second[STEPS][TILE_ROWS];
  int32_t coefficients[STEPS][TILE_ROWS];
};

INLINE __m256i load(const void *address) { return _mm256_loadu_si256(address); }

INLINE void store(void *address, __m256i value) { _mm256_storeu_si256(address, value); }

INLINE void read_plane(const uint8_t *plane, uint32_t *offsets) {
  for (int i = 0; i < TILE_ROWS; i += 8) {
    const __m256i bytes = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(plane + i)));
    store(offsets + i, _mm256_slli_epi32(bytes, 5));
  }
}

// The coefficients in the low bits of lanes as a signed byte each.
INLINE __m256i spread_coefficients(const struct code *code, __m256i words) {
  const int bits = code->coefficient_bits;
  const int32_t one = (1 << bits) - 1, two = (1 << 2 * bits) - 1, sign = 1 << (bits - 1);
  __m256i q = _mm256_or_si256(words, _mm256_slli_epi32(words, 16 - 2 * bits));
  q = _mm256_and_si256(q, _mm256_set1_epi32(two * 0x10001));
  q = _mm256_or_si256(q, _mm256_slli_epi32(q, 8 - bits));
  q = _mm256_and_si256(q, _mm256_set1_epi32(one * 0x1010101));
  const __m256i signs = _mm256_set1_epi8((char)sign);
  return _mm256_sub_epi8(_mm256_xor_si256(q, signs), signs);
}

INLINE void read_records(const struct code *code, const uint8_t *step, int i,
                         struct records *records) {
  read_plane(step, records->first[i]);
  if (code->seed_bits == 16)
    read_plane(step + TILE_ROWS, records->second[i]);
  for (int at = 0; at < 16; ++at) {
    const int group = at / 4, half = at / 2 % 2, upper = at % 2;
    if (group % 2)
      continue;
    const int row = 16 * (group + upper) + 8 * half;
    const __m256i pairs = load(step + words_at(code) + 32 * group + 32 * half);
    const __m256i words = upper ? _mm256_srli_epi32(pairs, 16)
                                : _mm256_and_si256(pairs, _mm256_set1_epi32(0xffff));
    store(records->coefficients[i] + row, spread_coefficients(code, words));
    if (code->seed_bits < 16)
      store(records->second[i] + row, _mm256_slli_epi32(_mm256_srli_epi32(words, 12), 5));
  }
}

// The integer weights of a record, by column.
INLINE __m256i read_weights(const struct code *code, const struct records *records, int i, int row,
                            int place) {
  const uint32_t first = records->first[i][place];
  const uint32_t second = records->second[i][code->seed_bits == 16 ? place : row];
  const __m256i basis = _mm256_xor_si256(load((const char *)first_table(code) + first),
                                         load((const char *)second_table(code) + second));
  const __m256i q = _mm256_set1_epi32(records->coefficients[i][row]);
  return _mm256_madd_epi16(_mm256_maddubs_epi16(basis, q), _mm256_set1_epi16(1));
}

// What the basis values of 8 rows have too much, by row, for an activation of 1 in each column.
INLINE __m256 read_excess(const struct records *records, int i, int row) {
  const __m256i q = load(records->coefficients[i] + row);
  const __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), q);
  return _mm256_cvtepi32_ps(_mm256_madd_epi16(pairs, _mm256_set1_epi16(HALF)));
}
