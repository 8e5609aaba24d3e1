// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels for AVX2 with FMA. vpmaddubsw and vpmaddwd multiply basis values with coefficients; they take
// basis values as unsigned, so that sums have an excess. Coefficients are shifted left by stored
// exponents.

#define LANES 8
#define PANEL_VECTORS 2
#define STEPS 4
#define HAS_EXCESS 1
#define DECODE_OTHERS decode_wide
#define WEIGHT_MULTIPLE(CODE) (1 / (CODE)->powers[0])

#include "avx2_wide.h"

// The offsets of the entries of both tables in the halves of a word, and coefficients as signed bytes.
struct records {
  uint32_t offsets[STEPS][TILE_ROWS];
  int32_t coefficients[STEPS][TILE_ROWS];
};

#include "by_rows.h"
#include "avx2_int8.h"
#include "gather.h"

// The offsets of the entries of both halves of stored seeds; entries are of 32 bytes.
INLINE __m256i offsets_of(const struct code *code, __m256i heads) {
  enum { ENTRY = 5 };
  const int32_t lower = ((1 << lower_bits(code)) - 1) << ENTRY;
  const int32_t upper = ((1 << upper_bits(code)) - 1) << ENTRY;
  const __m256i first = _mm256_and_si256(_mm256_slli_epi32(heads, ENTRY), _mm256_set1_epi32(lower));
  const __m256i second = _mm256_slli_epi32(heads, 16 + ENTRY - lower_bits(code));
  return _mm256_or_si256(first, _mm256_and_si256(second, _mm256_set1_epi32(upper << 16)));
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
    store(records->coefficients[i] + row, extend_signs(code, q, exponents, code->exponent_bits));
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
SEEDLM_BYTE_PRESETS(DEFINE_INT8_KERNEL)
