// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How the records of 8 rows are read with AVX2.
#pragma once

#include <immintrin.h>

#include "multiply.h"

INLINE __m256i load(const void *address) { return _mm256_loadu_si256(address); }

INLINE void store(void *address, __m256i value) { _mm256_storeu_si256(address, value); }

// The heads of 8 rows, given their nibbles.
INLINE __m256i read_heads(const struct code *code, const uint8_t *step, int row, __m256i nibbles) {
  const uint8_t *plane = step + row % 16 * 4;
  const __m256i zero = _mm256_setzero_si256(), first = load(plane);
  const __m256i second = head_bytes(code) > 1 ? load(plane + TILE_ROWS) : zero;
  const __m256i words =
      row < 32 ? _mm256_unpacklo_epi8(first, second) : _mm256_unpackhi_epi8(first, second);
  const __m256i heads =
      row % 32 < 16 ? _mm256_unpacklo_epi16(words, zero) : _mm256_unpackhi_epi16(words, zero);
  if (!has_nibble(code))
    return heads;
  return _mm256_or_si256(heads, _mm256_slli_epi32(nibbles, 8 * head_bytes(code)));
}

// Numbers in the low bits of bytes as signed bytes, shifted left if asked for.
INLINE __m256i extend_signs(const struct code *code, __m256i bytes, __m256i exponents, int shift) {
  const int32_t each = code->latent == 4 ? 0x1010101 : 0x10101;
  __m256i signs = _mm256_set1_epi32(each << (code->coefficient_bits - 1));
  bytes = _mm256_xor_si256(bytes, signs);
  if (shift) {
    bytes = _mm256_sllv_epi32(bytes, exponents);
    signs = _mm256_sllv_epi32(signs, exponents);
  }
  return _mm256_sub_epi8(bytes, signs);
}

// The four numbers in the low bits of lanes as a byte each.
INLINE __m256i spread_coefficients(const struct code *code, __m256i words) {
  const int bits = code->coefficient_bits;
  const int32_t one = (1 << bits) - 1, two = (1 << 2 * bits) - 1;
  __m256i q = _mm256_or_si256(words, _mm256_slli_epi32(words, 16 - 2 * bits));
  q = _mm256_and_si256(q, _mm256_set1_epi32(two * 0x10001));
  q = _mm256_or_si256(q, _mm256_slli_epi32(q, 8 - bits));
  return _mm256_and_si256(q, _mm256_set1_epi32(one * 0x1010101));
}

// The coefficients of 8 rows as bytes, and their nibbles: of mixed words, or of halves of lanes.
INLINE __m256i read_mixed(const struct code *code, const uint8_t *step, int row, __m256i *nibbles) {
  const int32_t mask = code->latent == 4 ? 0x0f0f0f0f : 0x0f0f0f;
  __m256i lanes = load(step + words_at(code) + row % 32 * 4);
  if (row < 32)
    lanes = _mm256_srli_epi32(lanes, 4);
  *nibbles = _mm256_and_si256(_mm256_srli_epi32(lanes, 24), _mm256_set1_epi32(15));
  return _mm256_and_si256(lanes, _mm256_set1_epi32(mask));
}

INLINE __m256i read_words(const struct code *code, const uint8_t *step, int row, __m256i *nibbles) {
  const __m256i lanes = load(step + words_at(code) + row / 32 * 64 + row % 16 * 4);
  const __m256i words = row % 32 < 16 ? _mm256_and_si256(lanes, _mm256_set1_epi32(0xffff))
                                      : _mm256_srli_epi32(lanes, 16);
  *nibbles = _mm256_srli_epi32(words, 12);
  return spread_coefficients(code, words);
}
