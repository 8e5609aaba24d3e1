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

// The offsets of table entries in bytes and coefficients as signed bytes. Offsets that come from byte
// planes are by place in the plane, all else is by row.
struct records {
  uint16_t bytes[2][STEPS][TILE_ROWS], nibbles[STEPS][TILE_ROWS];
  int32_t coefficients[STEPS][TILE_ROWS];
};

#include "by_rows.h"
#include "gather.h"

INLINE __m256i load(const void *address) { return _mm256_loadu_si256(address); }

INLINE void store(void *address, __m256i value) { _mm256_storeu_si256(address, value); }

INLINE __m256i offsets_of(__m256i indices) {
  return _mm256_slli_epi16(indices, 5); // sizeof(struct basis) is 32
}

INLINE void read_plane(const uint8_t *plane, uint16_t *offsets) {
  for (int i = 0; i < TILE_ROWS; i += 16) {
    const __m128i bytes = _mm_loadu_si128((const __m128i *)(plane + i));
    store(offsets + i, offsets_of(_mm256_cvtepu8_epi16(bytes)));
  }
}

// Stores the offsets of 8 nibbles in lanes.
INLINE void store_nibbles(__m256i nibbles, uint16_t *offsets) {
  const __m256i wide = offsets_of(nibbles);
  const __m256i joined = _mm256_permute4x64_epi64(_mm256_packus_epi32(wide, wide), 8);
  _mm_storeu_si128((__m128i *)offsets, _mm256_castsi256_si128(joined));
}

// The stored exponents of 8 rows, given the nibbles of their heads.
INLINE __m256i read_exponents(const struct code *code, const uint8_t *step, int row,
                              __m256i nibbles) {
  const int bits = code->exponent_bits;
  if (has_nibble(code))
    return _mm256_srli_epi32(nibbles, 4 - bits);
  const uint8_t *plane = step + TILE_ROWS * (head_bytes(code) - 1);
  const __m128i low = _mm_loadu_si32(plane + place_of(row));
  const __m128i high = _mm_loadu_si32(plane + place_of(row + 4));
  return _mm256_srli_epi32(_mm256_cvtepu8_epi32(_mm_unpacklo_epi32(low, high)), 8 - bits);
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

// The coefficients of 8 rows of mixed words as bytes, and their nibbles.
INLINE __m256i read_mixed(const struct code *code, __m256i lanes, int upper, __m256i *nibbles) {
  const int32_t mask = code->latent == 4 ? 0x0f0f0f0f : 0x0f0f0f;
  if (upper)
    lanes = _mm256_srli_epi32(lanes, 4);
  *nibbles = _mm256_and_si256(_mm256_srli_epi32(lanes, 24), _mm256_set1_epi32(15));
  return _mm256_and_si256(lanes, _mm256_set1_epi32(mask));
}

// The same of words that are the upper or lower halves of lanes.
INLINE __m256i read_words(const struct code *code, __m256i lanes, int upper, __m256i *nibbles) {
  const __m256i words =
      upper ? _mm256_srli_epi32(lanes, 16) : _mm256_and_si256(lanes, _mm256_set1_epi32(0xffff));
  *nibbles = _mm256_srli_epi32(words, 12);
  return spread_coefficients(code, words);
}

// Reads 8 rows from `row` on, whose words are in the upper or lower parts of lanes.
INLINE void read_bodies(const struct code *code, const uint8_t *step, __m256i lanes, int upper,
                        int i, int row, struct records *records) {
  __m256i nibbles;
  const __m256i q = is_mixed(code) ? read_mixed(code, lanes, upper, &nibbles)
                                   : read_words(code, lanes, upper, &nibbles);
  if (has_seed_nibble(code))
    store_nibbles(nibbles, records->nibbles[i] + row);
  const __m256i exponents = code->exponent_bits ? read_exponents(code, step, row, nibbles) : q;
  store(records->coefficients[i] + row, extend_signs(code, q, exponents));
}

INLINE void read_records(const struct code *code, const uint8_t *step, int i,
                         struct records *records) {
  for (int byte = 0; byte < head_bytes(code); ++byte)
    read_plane(step + byte * TILE_ROWS, records->bytes[byte][i]);
  for (int quarter = 0; quarter < 4; ++quarter) {
    const __m256i lanes = load(step + words_at(code) + 32 * quarter);
    const int row = first_row(code, quarter), further = rows_apart(code);
    read_bodies(code, step, lanes, is_mixed(code), i, row, records);
    read_bodies(code, step, lanes, !is_mixed(code), i, row + further, records);
  }
}

INLINE eight read_weights(const struct code *code, const struct records *records, int i, int row,
                          int place) {
  const struct basis_tables *tables = tables_of(code);
  __m256i basis = load((const char *)tables->bytes[0] + records->bytes[0][i][place]);
  if (head_bytes(code) > 1)
    basis = _mm256_xor_si256(
        basis, load((const char *)tables->bytes[1] + records->bytes[1][i][place]));
  if (has_seed_nibble(code))
    basis =
        _mm256_xor_si256(basis, load((const char *)tables->nibbles + records->nibbles[i][row]));
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
