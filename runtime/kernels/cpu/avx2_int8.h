// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The product with activations of 8 bits, with rows in lanes of 16 bits: basis values are cut out of
// words of the strings and multiplied with the coefficients, and then pairs of columns with the
// activations. Exponents and scales follow for all columns of a block at once.
#pragma once

#include "avx2_strings.h"
#include "prepare.h"

enum { INT8_BATCH = 4, PAIRS = BLOCK / 2 };

// The records of 32 rows: bytes of strings, in the order of planes, and by group of 8 rows, 16 rows
// apart, the coefficients as signed bytes and the exponents.
struct row_records {
  __m256i string[STRING_BYTES], q[4], exponents[4];
};

// The activations of two columns as words, for each pair, and what else sums begin and end with.
struct factors {
  __m256i pairs[PAIRS], correction;
  __m256 scale;
};

// Reads 32 rows: 8 from `row` on, 8 from 16 rows further on, and so on.
INLINE void read_rows(const struct code *code, const uint8_t *step, int row,
                      struct row_records *records) {
  const __m256i none = _mm256_setzero_si256();
  __m256i nibbles[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const int at = row + 16 * i;
    const __m256i q = is_mixed(code) ? read_mixed(code, step, at, &nibbles[i])
                                     : read_words(code, step, at, &nibbles[i]);
    records->q[i] = extend_signs(code, q, none, 0);
    if (code->exponent_bits)
      records->exponents[i] =
          _mm256_srli_epi32(read_heads(code, step, at, nibbles[i]), code->seed_bits);
  }
  const __m256i last = _mm256_packus_epi16(_mm256_packus_epi32(nibbles[0], nibbles[1]),
                                           _mm256_packus_epi32(nibbles[2], nibbles[3]));
  read_strings(code, step + 4 * row, last, records->string);
}

// 16 bits of strings from byte `i` on, for two groups of 8 rows.
INLINE __m256i string_word(const struct code *code, const __m256i *string, int i, int upper) {
  const __m256i next = i + 1 < string_bytes(code) ? string[i + 1] : _mm256_setzero_si256();
  return upper ? _mm256_unpackhi_epi8(string[i], next) : _mm256_unpacklo_epi8(string[i], next);
}

// The basis values from bit `n` on in the lower bytes of words.
INLINE __m256i lower_window(const __m256i *words, int n) {
  return n % 8 ? _mm256_srli_epi16(words[n / 8], n % 8) : words[n / 8];
}

// The same in the upper bytes.
INLINE __m256i upper_window(const __m256i *words, int n) {
  return n % 8 ? _mm256_slli_epi16(words[n / 8], 8 - n % 8) : words[n / 8 - 1];
}

INLINE __m256i two_windows(const __m256i *words, int n) {
  const __m256i upper = _mm256_set1_epi16((short)0xff00);
  return _mm256_blendv_epi8(lower_window(words, n), upper_window(words, n + 1), upper);
}

// The weights of a column, given the coefficients 0 and 1, and 2 and 3, as bytes of words.
INLINE __m256i column_weights(const struct code *code, const __m256i *words, const __m256i *q,
                              int column) {
  const int n = column * code->latent;
  const __m256i last =
      code->latent == 4 ? two_windows(words, n + 2) : lower_window(words, n + 2);
  return _mm256_add_epi16(_mm256_maddubs_epi16(two_windows(words, n), q[0]),
                          _mm256_maddubs_epi16(last, q[1]));
}

// The weights of two groups of 8 rows, for each group: pairs of columns, and the sums of coefficients.
struct weights {
  __m256i pairs[2][PAIRS], coefficients[2];
};

INLINE void cut_weights(const struct code *code, const struct row_records *records, int upper,
                        struct weights *weights) {
  const __m256i first = records->q[2 * upper], second = records->q[2 * upper + 1];
  const __m256i low = _mm256_set1_epi32(0xffff), ones = _mm256_set1_epi8(1);
  const __m256i q[2] = {
      _mm256_packus_epi32(_mm256_and_si256(first, low), _mm256_and_si256(second, low)),
      _mm256_packus_epi32(_mm256_srli_epi32(first, 16), _mm256_srli_epi32(second, 16))};
  __m256i words[4];
  for (int i = 0; i < 4; ++i)
    words[i] = string_word(code, records->string, i, upper);
#pragma GCC unroll 4
  for (int pair = 0; pair < PAIRS; ++pair) {
    const __m256i a = column_weights(code, words, q, 2 * pair);
    const __m256i b = column_weights(code, words, q, 2 * pair + 1);
    weights->pairs[0][pair] = _mm256_unpacklo_epi16(a, b);
    weights->pairs[1][pair] = _mm256_unpackhi_epi16(a, b);
  }
  weights->coefficients[0] = _mm256_maddubs_epi16(ones, first);
  weights->coefficients[1] = _mm256_maddubs_epi16(ones, second);
}

INLINE struct factors read_factors(const struct code *code, const struct prepared *prepared) {
  __m128i bytes = _mm_loadl_epi64((const __m128i *)prepared->halves);
  if (has_bytes_of_string(code))
    bytes = _mm_shuffle_epi8(bytes, _mm_set_epi64x(0, 0x0703060205010400));
  const __m256i words = _mm256_castsi128_si256(_mm_cvtepi8_epi16(bytes));
  struct factors factors;
  for (int pair = 0; pair < PAIRS; ++pair)
    factors.pairs[pair] = _mm256_permutevar8x32_epi32(words, _mm256_set1_epi32(pair));
  factors.correction = _mm256_set1_epi16((short)prepared->correction);
  factors.scale = _mm256_set1_ps(prepared->scale);
  return factors;
}

// Adds the products of a block of 8 rows of weights with a row of activations.
INLINE __m256 add_rows(const struct code *code, const struct weights *weights, int group,
                       __m256i exponents, const struct factors *factors, __m256 sum) {
  __m256i total = _mm256_madd_epi16(weights->coefficients[group], factors->correction);
#pragma GCC unroll 4
  for (int pair = 0; pair < PAIRS; ++pair)
    total = _mm256_add_epi32(
        total, _mm256_madd_epi16(weights->pairs[group][pair], factors->pairs[pair]));
  if (code->exponent_bits)
    total = _mm256_sllv_epi32(total, exponents);
  return _mm256_fmadd_ps(_mm256_cvtepi32_ps(total), factors->scale, sum);
}

// The sums of a row of activations, by group of 8 rows.
typedef __m256 int8_sums[TILE_ROWS / 8];

INLINE void add_int8_block(const struct code *code, const uint8_t *step,
                           const struct factors *factors, int count, int8_sums *sums) {
#pragma GCC unroll 2
  for (int row = 0; row < 16; row += 8) {
    struct row_records records;
    read_rows(code, step, row, &records);
    struct weights weights;
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      if (i % 2 == 0)
        cut_weights(code, &records, i / 2, &weights);
      for (int m = 0; m < count; ++m) {
        __m256 *sum = &sums[m][row / 8 + 2 * i];
        *sum = add_rows(code, &weights, i % 2, records.exponents[i], &factors[m], *sum);
      }
    }
  }
}

INLINE void store_sums(const struct tile *tile, const int8_sums sums, float *y) {
  for (size_t row = 0; row < tile->rows; row += 8) {
    float scaled[8];
    _mm256_storeu_ps(scaled, _mm256_mul_ps(sums[row / 8], _mm256_loadu_ps(tile->factors + row)));
    for (size_t i = 0; i < least(tile->rows - row, 8); ++i)
      y[row + i] = scaled[i];
  }
}

// Multiplies a tile with `count` rows of activations, `stride` bytes apart.
INLINE void multiply_int8_rows(const struct code *code, const struct operands *o,
                               const struct tile *tile, const uint8_t *prepared, size_t stride,
                               float *y, int count) {
  int8_sums sums[INT8_BATCH];
  for (int m = 0; m < count; ++m)
    for (int i = 0; i < TILE_ROWS / 8; ++i)
      sums[m][i] = _mm256_setzero_ps();
  const uint8_t *step = tile->codes;
  for (size_t column = 0; column < o->columns; column += BLOCK, step += step_bytes(code)) {
    struct factors factors[INT8_BATCH];
    prefetch(code, step);
    for (int m = 0; m < count; ++m)
      factors[m] =
          read_factors(code, (const struct prepared *)(prepared + m * stride) + column / BLOCK);
    add_int8_block(code, step, factors, count, sums);
  }
  for (int m = 0; m < count; ++m)
    store_sums(tile, sums[m], y + m * o->y_stride);
}

INLINE void multiply_int8_tile(const struct code *code, const struct operands *o,
                               const struct tile *tile) {
  const uint8_t *prepared = o->prepared;
  const size_t stride = o->prepared_stride;
  float *y = tile->y;
  size_t left = o->batch;
  for (; left >= INT8_BATCH; left -= INT8_BATCH) {
    multiply_int8_rows(code, o, tile, prepared, stride, y, INT8_BATCH);
    prepared += INT8_BATCH * stride;
    y += INT8_BATCH * o->y_stride;
  }
  if (left == 1)
    multiply_int8_rows(code, o, tile, prepared, stride, y, 1);
  else if (left == 2)
    multiply_int8_rows(code, o, tile, prepared, stride, y, 2);
  else if (left == 3)
    multiply_int8_rows(code, o, tile, prepared, stride, y, 3);
}

INLINE void multiply_int8(const struct code *code, const struct operands *o) {
  for (size_t row = 0; row < o->rows; row += TILE_ROWS) {
    const struct tile tile = tile_at(code, o, row, 1 / code->powers[0]);
    multiply_int8_tile(code, o, &tile);
  }
}

#define MULTIPLY_INT8(NAME, O) multiply_int8(&NAME, O)
