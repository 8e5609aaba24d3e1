// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How the records of codes without tables of basis values are read with AVX2, to what portable.h
// decodes.
#pragma once

#include "avx2_strings.h"
#include "portable.h"

// Four bytes of the strings from byte `i` on, zeros after the last, in the order of planes: of the
// rows of part `v` out of four.
INLINE __m256i string_lanes(const struct code *code, const __m256i *string, int i, int v) {
  __m256i bytes[4];
  for (int k = 0; k < 4; ++k)
    bytes[k] = i + k < string_bytes(code) ? string[i + k] : _mm256_setzero_si256();
  const __m256i low = v < 2 ? _mm256_unpacklo_epi8(bytes[0], bytes[1])
                            : _mm256_unpackhi_epi8(bytes[0], bytes[1]);
  const __m256i high = v < 2 ? _mm256_unpacklo_epi8(bytes[2], bytes[3])
                             : _mm256_unpackhi_epi8(bytes[2], bytes[3]);
  return v % 2 ? _mm256_unpackhi_epi16(low, high) : _mm256_unpacklo_epi16(low, high);
}

// Stores lanes in the order of rows. With lanes of 32 bits, plane bytes from 4 * `row` on are of 8
// rows, 16 rows apart; with those of 64 bits half of them are of 4 rows, 8 rows apart, by twos.
INLINE void store_lanes(const struct code *code, __m256i lanes, int half, int v, uint32_t *rows) {
  if (lane_bytes(code) == 4) {
    store(rows + 16 * v + 8 * half, lanes);
    return;
  }
  const __m256i ordered = _mm256_permute4x64_epi64(lanes, 0xd8);
  uint32_t *at = rows + 16 * v + 4 * half;
  _mm_storeu_si128((__m128i *)at, _mm256_castsi256_si128(ordered));
  _mm_storeu_si128((__m128i *)(at + 8), _mm256_extracti128_si256(ordered, 1));
}

INLINE void read_all_strings(const struct code *code, const uint8_t *step,
                             struct portable_records *records) {
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
    __m256i string[STRING_BYTES];
    read_strings(code, step + 32 * half, _mm256_setzero_si256(), string);
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) {
      store_lanes(code, string_lanes(code, string, 0, v), half, v, records->low);
      store_lanes(code, string_lanes(code, string, 4, v), half, v, records->high);
    }
  }
}

// The words of 8 rows, where lanes of 64 bits have those of rows 8 apart.
INLINE __m256i read_wide_words(const struct code *code, const uint8_t *step, int row) {
  const uint8_t *at = step + words_at(code) + row / 32 * 64;
  const int shift = row / 8 % 4 * 16;
  const __m256i first = _mm256_srli_epi64(load(at), shift);
  const __m256i second = _mm256_srli_epi64(load(at + 32), shift);
  const __m256i words = _mm256_castps_si256(_mm256_shuffle_ps(
      _mm256_castsi256_ps(first), _mm256_castsi256_ps(second), 0x88));
  return _mm256_permute4x64_epi64(words, 0xd8);
}

// The nibbles of 8 rows that are not in words.
INLINE __m256i read_wide_nibbles(const struct code *code, const uint8_t *step, int row) {
  const __m128i bytes = _mm_cvtepu8_epi32(_mm_loadu_si32(step + nibbles_at(code) + row / 2));
  const __m256i both = _mm256_set_m128i(_mm_srli_epi32(bytes, 4), bytes);
  return _mm256_and_si256(both, _mm256_set1_epi32(15));
}

// The powers of two by stored exponents, all of which differ by one.
INLINE __m256 power_of_two(const struct code *code, __m256i exponents) {
  const __m256i least = _mm256_castps_si256(_mm256_set1_ps(code->powers[0]));
  return _mm256_castsi256_ps(_mm256_add_epi32(least, _mm256_slli_epi32(exponents, 23)));
}

// The number `p` of 8 rows, of signed bytes or, if not, of 4 bits.
INLINE __m256 coefficient_of(__m256i q, int p, int bits) {
  const __m256i upper = _mm256_slli_epi32(q, 32 - bits * (p + 1));
  return _mm256_cvtepi32_ps(_mm256_srai_epi32(upper, 32 - bits));
}

INLINE void read_wide_rows(const struct code *code, const uint8_t *step, int row,
                           struct portable_records *records) {
  const float half = (float)(1 << (code->basis_bits - 1));
  const int mixed = is_mixed(code), bits = mixed ? 8 : code->coefficient_bits;
  __m256i q, exponents;
  if (mixed) {
    q = extend_signs(code, read_mixed(code, step, row, &exponents), _mm256_setzero_si256(), 0);
  } else {
    q = read_wide_words(code, step, row);
    exponents = read_wide_nibbles(code, step, row);
  }
  const __m256 power = power_of_two(code, exponents);
  __m256 sum = _mm256_setzero_ps();
  for (int p = 0; p < code->latent; ++p) {
    const __m256 product = _mm256_mul_ps(power, coefficient_of(q, p, bits));
    _mm256_storeu_ps(records->coefficients[p] + row, product);
    sum = _mm256_add_ps(sum, product);
  }
  _mm256_storeu_ps(records->start + row, _mm256_mul_ps(sum, _mm256_set1_ps(-half)));
}

// Whether the codes are such: seeds of whole bytes and nibbles of exponents.
INLINE int is_wide(const struct code *code) {
  return !has_seed_nibble(code) && code->exponent_bits == 4 &&
         (is_mixed(code) || lane_bytes(code) == 8);
}

INLINE void decode_wide(const struct code *code, const uint8_t *step, float *weights) {
  if (!is_wide(code)) {
    decode_portably(code, step, weights);
    return;
  }
  struct portable_records records;
  read_all_strings(code, step, &records);
#pragma GCC unroll 8
  for (int row = 0; row < TILE_ROWS; row += 8)
    read_wide_rows(code, step, row, &records);
  decode_records(code, &records, weights);
}
