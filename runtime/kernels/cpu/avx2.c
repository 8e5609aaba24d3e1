// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels for AVX2 with FMA. vpmaddubsw and vpmaddwd multiply basis values with coefficients; they take
// basis values as unsigned, so that sums have an excess. Coefficients are shifted left by stored
// exponents.

#include <immintrin.h>

#define LANES 8
#define PANEL_VECTORS 2
#define STEPS 4
#define HAS_EXCESS 1
#define WEIGHT_MULTIPLE(CODE) (1 / (CODE)->powers[0])

#include "multiply.h"

// The offsets of the entries of both tables in the halves of a word, and coefficients as signed bytes.
struct records {
  uint32_t offsets[STEPS][TILE_ROWS];
  int32_t coefficients[STEPS][TILE_ROWS];
};

#include "by_rows.h"

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

// The offsets of the entries of both halves of stored seeds; entries are of 32 bytes.
INLINE __m256i offsets_of(const struct code *code, __m256i heads) {
  enum { ENTRY = 5 };
  const int32_t lower = ((1 << lower_bits(code)) - 1) << ENTRY;
  const int32_t upper = ((1 << upper_bits(code)) - 1) << ENTRY;
  const __m256i first = _mm256_and_si256(_mm256_slli_epi32(heads, ENTRY), _mm256_set1_epi32(lower));
  const __m256i second = _mm256_slli_epi32(heads, 16 + ENTRY - lower_bits(code));
  return _mm256_or_si256(first, _mm256_and_si256(second, _mm256_set1_epi32(upper << 16)));
}

// Numbers in the low bits of bytes as signed bytes, shifted left.
INLINE __m256i extend_signs(const struct code *code, __m256i bytes, __m256i exponents) {
  const int32_t each = code->latent == 4 ? 0x1010101 : 0x10101;
  __m256i signs = _mm256_set1_epi32(each << (code->coefficient_bits - 1));
  bytes = _mm256_xor_si256(bytes, signs);
  if (code->exponent_bits) {
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

INLINE void read_records(const struct code *code, const uint8_t *step, int i,
                         struct records *records) {
#pragma GCC unroll 8
  for (int row = 0; row < TILE_ROWS; row += 8) {
    __m256i nibbles;
    const __m256i q = is_mixed(code) ? read_mixed(code, step, row, &nibbles)
                                     : read_words(code, step, row, &nibbles);
    const __m256i heads = read_heads(code, step, row, nibbles);
    const __m256i exponents = _mm256_srli_epi32(heads, code->seed_bits);
    store(records->offsets[i] + row, offsets_of(code, heads));
    store(records->coefficients[i] + row, extend_signs(code, q, exponents));
  }
}

INLINE eight read_weights(const struct code *code, const struct records *records, int i, int row) {
  const uint32_t offsets = records->offsets[i][row];
  const __m256i basis =
      _mm256_xor_si256(load((const char *)lower_table(code) + (offsets & 0xffff)),
                       load((const char *)upper_table(code) + (offsets >> 16)));
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
