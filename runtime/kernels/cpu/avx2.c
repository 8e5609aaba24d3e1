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
  uint16_t first[STEPS][TILE_ROWS], second[STEPS][TILE_ROWS];
  int32_t coefficients[STEPS][TILE_ROWS];
};

#include "by_rows.h"

INLINE __m256i load(const void *address) { return _mm256_loadu_si256(address); }

INLINE void store(void *address, __m256i value) { _mm256_storeu_si256(address, value); }

INLINE __m256i offsets_of(__m256i indices) {
  return _mm256_slli_epi16(indices, 5); // sizeof(basis_bytes) is 32
}

INLINE void read_plane(const uint8_t *plane, uint16_t *offsets) {
  for (int i = 0; i < TILE_ROWS; i += 16) {
    const __m128i bytes = _mm_loadu_si128((const __m128i *)(plane + i));
    store(offsets + i, offsets_of(_mm256_cvtepu8_epi16(bytes)));
  }
}

// Numbers in the low bits of bytes as signed bytes.
INLINE __m256i extend_signs(const struct code *code, __m256i bytes) {
  const __m256i signs = _mm256_set1_epi8((char)(1 << (code->coefficient_bits - 1)));
  return _mm256_sub_epi8(_mm256_xor_si256(bytes, signs), signs);
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

// Reads the lanes of 8 rows, which are also those of 8 rows 16 on.
INLINE void read_lanes(const struct code *code, __m256i lanes, int i, int row,
                       struct records *records) {
  __m256i q[2];
  if (is_mixed(code)) {
    const __m256i nibbles = _mm256_set1_epi8(15);
    q[0] = _mm256_and_si256(_mm256_srli_epi32(lanes, 4), nibbles);
    q[1] = _mm256_and_si256(lanes, nibbles);
  } else {
    const __m256i words[2] = {_mm256_and_si256(lanes, _mm256_set1_epi32(0xffff)),
                              _mm256_srli_epi32(lanes, 16)};
    for (int h = 0; h < 2; ++h) {
      q[h] = spread_coefficients(code, words[h]);
      const __m256i offsets = offsets_of(_mm256_srli_epi32(words[h], 12));
      const __m256i joined = _mm256_permute4x64_epi64(_mm256_packus_epi32(offsets, offsets), 8);
      _mm_storeu_si128((__m128i *)(records->second[i] + row + 16 * h),
                       _mm256_castsi256_si128(joined));
    }
  }
  for (int h = 0; h < 2; ++h)
    store(records->coefficients[i] + row + 16 * h, extend_signs(code, q[h]));
}

INLINE void read_records(const struct code *code, const uint8_t *step, int i,
                         struct records *records) {
  read_plane(step, records->first[i]);
  if (code->seed_bits == 16)
    read_plane(step + TILE_ROWS, records->second[i]);
  for (int quarter = 0; quarter < 4; ++quarter)
    read_lanes(code, load(step + words_at(code) + 32 * quarter), i,
               quarter / 2 * 32 + quarter % 2 * 8, records);
}

INLINE eight read_weights(const struct code *code, const struct records *records, int i, int row,
                          int place) {
  const size_t first = records->first[i][place];
  const size_t second = records->second[i][code->seed_bits == 16 ? place : row];
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
