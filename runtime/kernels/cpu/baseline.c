// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels for any processor; on x86-64 with SSE2, which all have.

#define LANES 4
#define PANEL_VECTORS 2
#define STEPS 4
#define HAS_EXCESS 0
#define DECODE_OTHERS decode_portably
#define WEIGHT_MULTIPLE(CODE) (1 / (CODE)->powers[0])
#define BASIS_SIGNS 0x8080808080808080u

#include "multiply.h"

struct records {
  uint32_t heads[STEPS][TILE_ROWS];
  uint64_t coefficients[STEPS][TILE_ROWS]; // four numbers of 16 bits, shifted left by exponents
};

#include "by_rows.h"
#include "gather.h"

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

INLINE eight multiply_basis(const uint64_t *basis, uint64_t coefficients) {
  const __m128i q = _mm_set1_epi64x((int64_t)coefficients);
  __m128 halves[2];
  for (int h = 0; h < 2; ++h)
    halves[h] = sums_of(_mm_loadu_si128((const __m128i *)(basis + 2 * h)), q);
  return __builtin_shufflevector(halves[0], halves[1], 0, 1, 2, 3, 4, 5, 6, 7);
}
#else
INLINE eight multiply_basis(const uint64_t *basis, uint64_t coefficients) {
  eight sums;
  for (int column = 0; column < BLOCK; ++column) {
    const uint64_t values = basis[column / 2] >> (column % 2 * 32);
    int32_t sum = 0;
    for (int p = 0; p < 4; ++p)
      sum += (int8_t)(values >> 8 * p) * (int16_t)(coefficients >> 16 * p);
    sums[column] = (float)sum;
  }
  return sums;
}
#endif

// The coefficients in the low bits of a word as signed numbers of 16 bits.
INLINE uint64_t spread_coefficients(const struct code *code, uint32_t word) {
  uint64_t q = 0;
  for (int p = 0; p < code->latent; ++p) {
    const int bits = code->coefficient_bits;
    q |= (uint64_t)(uint16_t)signed_field(word, bits * p, bits) << 16 * p;
  }
  return q;
}

// The same shifted left, without what would go from one number to the next.
INLINE uint64_t shift_coefficients(uint64_t q, uint32_t exponent) {
  return (q << exponent) & 0x0001000100010001u * (0xffffu << exponent & 0xffffu);
}

INLINE void read_records(const struct code *code, const uint8_t *step, int i,
                         struct records *records) {
  for (int row = 0; row < TILE_ROWS; ++row) {
    const uint32_t word = word_of(code, step, row), head = head_of(code, step, row, word);
    const uint64_t q = spread_coefficients(code, word);
    records->heads[i][row] = head;
    records->coefficients[i][row] =
        code->exponent_bits ? shift_coefficients(q, head >> code->seed_bits) : q;
  }
}

INLINE eight read_weights(const struct code *code, const struct records *records, int i, int row) {
  const uint32_t head = records->heads[i][row], lower = head & ((1u << lower_bits(code)) - 1);
  const uint32_t upper = head >> lower_bits(code) & ((1u << upper_bits(code)) - 1);
  struct basis basis = lower_table(code)[lower];
  for (int word = 0; word < 4; ++word)
    basis.words[word] ^= upper_table(code)[upper].words[word];
  return multiply_basis(basis.words, records->coefficients[i][row]);
}

INLINE eight read_excess(const struct code *code, const struct records *records, int i, int row) {
  (void)code, (void)records, (void)i, (void)row;
  return (eight){0};
}

// Weights are multiplied with what rounded activations stand for.
#define MULTIPLY_INT8(NAME, O) multiply_##NAME(O)

SEEDLM_PRESETS(DEFINE_KERNEL)
SEEDLM_BYTE_PRESETS(DEFINE_INT8_KERNEL)
