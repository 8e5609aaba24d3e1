// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels for any processor; on x86-64 with SSE2, which all have.

#define LANES 4
#define PANEL_VECTORS 2
#define STEPS 4
#define HAS_EXCESS 0
#define WEIGHT_MULTIPLE(CODE) 1
#define BASIS_SIGNS 0x8080808080808080u

#include "multiply.h"

struct records {
  const uint8_t *steps[STEPS];
  uint64_t coefficients[STEPS][TILE_ROWS]; // four numbers of 16 bits
};

#include "by_rows.h"

#ifdef __SSE2__
#include <emmintrin.h>

// The sums of four columns of bytes times coefficients.
INLINE __m128 sums_of(__m128i basis, __m128i q) {
  const __m128i low = _mm_srai_epi16(_mm_unpacklo_epi8(basis, basis), 8);
  const __m128i high = _mm_srai_epi16(_mm_unpackhi_epi8(basis, basis), 8);
  const __m128 a = _mm_castsi128_ps(_mm_madd_epi16(low, q));
  const __m128 b = _mm_castsi128_ps(_mm_madd_epi16(high, q));
  const __m128i first = _mm_castps_si128(_mm_shuffle_ps(a, b, 0x88));
  const __m128i second = _mm_castps_si128(_mm_shuffle_ps(a, b, 0xdd));
  return _mm_cvtepi32_ps(_mm_add_epi32(first, second));
}

INLINE eight multiply_basis(const uint64_t *first, const uint64_t *second, uint64_t coefficients) {
  const __m128i q = _mm_set1_epi64x((int64_t)coefficients);
  __m128 halves[2];
  for (int h = 0; h < 2; ++h)
    halves[h] = sums_of(_mm_xor_si128(_mm_loadu_si128((const __m128i *)(first + 2 * h)),
                                      _mm_loadu_si128((const __m128i *)(second + 2 * h))),
                        q);
  return __builtin_shufflevector(halves[0], halves[1], 0, 1, 2, 3, 4, 5, 6, 7);
}
#else
INLINE eight multiply_basis(const uint64_t *first, const uint64_t *second, uint64_t coefficients) {
  eight sums;
  for (int column = 0; column < BLOCK; ++column) {
    const uint64_t basis = (first[column / 2] ^ second[column / 2]) >> (column % 2 * 32);
    int32_t sum = 0;
    for (int p = 0; p < 4; ++p)
      sum += (int8_t)(basis >> 8 * p) * (int16_t)(coefficients >> 16 * p);
    sums[column] = (float)sum;
  }
  return sums;
}
#endif

// The coefficients in the low bits of a word as signed numbers of 16 bits.
INLINE uint64_t spread_coefficients(const struct code *code, uint32_t word) {
  const int bits = code->coefficient_bits;
  const uint64_t each = 0x0001000100010001, top = each << 15, sign = each << (bits - 1);
  uint64_t q = word | (uint64_t)word << (32 - 2 * bits);
  q &= 0x0000000100000001 * ((1u << 2 * bits) - 1);
  q = (q | q << (16 - bits)) & each * ((1u << bits) - 1);
  return (((q ^ sign) | top) - sign) ^ top;
}

INLINE void read_records(const struct code *code, const uint8_t *step, int i,
                         struct records *records) {
  records->steps[i] = step;
  for (int row = 0; row < TILE_ROWS; ++row)
    records->coefficients[i][row] = spread_coefficients(code, word_of(code, step, row));
}

INLINE eight read_weights(const struct code *code, const struct records *records, int i, int row,
                          int place) {
  const uint8_t *step = records->steps[i];
  const uint32_t second =
      code->seed_bits == 16 ? step[TILE_ROWS + place] : word_of(code, step, row) >> 12;
  return multiply_basis(first_table(code)[step[place]], second_table(code)[second],
                        records->coefficients[i][row]);
}

INLINE eight read_excess(const struct code *code, const struct records *records, int i, int row) {
  (void)code, (void)records, (void)i, (void)row;
  return (eight){0};
}

SEEDLM_PRESETS(DEFINE_KERNEL)
