// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels for AVX2 with FMA. vpmaddubsw and vpmaddwd multiply basis values with coefficients; they take
// basis values as unsigned, so that sums have an excess.

#include <immintrin.h>

#define LANES 8
#define PANEL_VECTORS 2
#define STEPS 4
#define HAS_EXCESS 1
#define WEIGHT_MULTIPLE(CODE) 1

#include "multiply.h"

// The offsets of table entries in bytes and coefficients as signed bytes, by row but for the offsets
// that come from byte planes, which are by place in the plane.
struct records {
  uint32_t first[STEPS][TILE_ROWS], second[STEPS][TILE_ROWS];
  int32_t coefficients[STEPS][TILE_ROWS];
};

#include "by_rows.h"

INLINE __m256i load(const void *address) { return _mm256_loadu_si256(address); }

INLINE void store(void *address, __m256i value) { _mm256_storeu_si256(address, value); }

INLINE __m256i offsets_of(__m256i indices) {
  return _mm256_slli_epi32(indices, 5); // sizeof(basis_bytes) is 32
}

INLINE void read_plane(const uint8_t *plane, uint32_t *offsets) {
  for (int i = 0; i < TILE_ROWS; i += 8) {
    const __m128i bytes = _mm_loadl_epi64((const __m128i *)(plane + i));
    store(offsets + i, offsets_of(_mm256_cvtepu8_epi32(bytes)));
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

// Reads the words of 8 rows from `row` on.
INLINE void read_words(const struct code *code, __m256i words, int i, int row,
                       struct records *records) {
  store(records->coefficients[i] + row, spread_coefficients(code, words));
  if (code->seed_bits < 16)
    store(records->second[i] + row, offsets_of(_mm256_srli_epi32(words, 12)));
}

INLINE void read_records(const struct code *code, const uint8_t *step, int i,
                         struct records *records) {
  read_plane(step, records->first[i]);
  if (code->seed_bits == 16)
    read_plane(step + TILE_ROWS, records->second[i]);
  // Lanes hold the words of a row and of that 16 rows on.
  for (int quarter = 0; quarter < 4; ++quarter) {
    const __m256i pairs = load(step + words_at(code) + 32 * quarter);
    const int row = quarter / 2 * 32 + quarter % 2 * 8;
    read_words(code, _mm256_and_si256(pairs, _mm256_set1_epi32(0xffff)), i, row, records);
    read_words(code, _mm256_srli_epi32(pairs, 16), i, row + 16, records);
  }
}

INLINE eight read_weights(const struct code *code, const struct records *records, int i, int row,
                          int place) {
  const uint32_t first = records->first[i][place];
  const uint32_t second = records->second[i][code->seed_bits == 16 ? place : row];
  const __m256i basis = _mm256_xor_si256(load((const char *)first_table(code) + first),
                                         load((const char *)second_table(code) + second));
  const __m256i q = _mm256_set1_epi32(records->coefficients[i][row]);
  const __m256i pairs = _mm256_maddubs_epi16(basis, q);
  return (eight)_mm256_cvtepi32_ps(_mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

INLINE eight read_excess(const struct code *code, const struct records *records, int i, int row) {
  const int half = 1 << (code->basis_bits - 1);
  const __m256i q = load(records->coefficients[i] + row);
  const __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), q);
  return (eight)_mm256_cvtepi32_ps(_mm256_madd_epi16(pairs, _mm256_set1_epi16((short)half)));
}

SEEDLM_PRESETS(DEFINE_KERNEL)
