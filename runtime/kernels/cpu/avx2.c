// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels for AVX2 with FMA.

#include "avx2_rows.h"

#define LANES 8
#define PANEL_VECTORS 2
#include "panel.h"
#include "portable.h"

enum { DIRECT_BATCH = 4, BLOCK = 8 };

// The sums of a row of activations: by row of weights and column of a block, and what basis values
// have too much by row of weights.
struct sums {
  __m256 products[TILE_ROWS];
  __m256 excess[TILE_ROWS / 8];
};

// Transposes eight vectors.
INLINE void transpose(__m256 *v) {
  __m256 pairs[8], fours[8];
  for (int i = 0; i < 4; ++i) {
    pairs[2 * i] = _mm256_unpacklo_ps(v[2 * i], v[2 * i + 1]);
    pairs[2 * i + 1] = _mm256_unpackhi_ps(v[2 * i], v[2 * i + 1]);
  }
  for (int i = 0; i < 8; i += 4)
    for (int j = 0; j < 2; ++j) {
      fours[i + 2 * j] = _mm256_shuffle_ps(pairs[i + j], pairs[i + j + 2], 0x44);
      fours[i + 2 * j + 1] = _mm256_shuffle_ps(pairs[i + j], pairs[i + j + 2], 0xee);
    }
  for (int i = 0; i < 4; ++i) {
    v[i] = _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x20);
    v[i + 4] = _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x31);
  }
}

// Loads the activations of a block, zeros after the first `columns`.
INLINE __m256 load_block(const float *x, size_t columns) {
  if (columns >= BLOCK)
    return _mm256_loadu_ps(x);
  const __m256i lanes = _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0);
  const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)columns), lanes);
  return _mm256_maskload_ps(x, mask);
}

INLINE float sum_of(__m256 v) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

// Adds the products of `steps` blocks with `count` rows of activations.
INLINE void add_blocks(const struct code *code, const uint8_t *step, const float *x, size_t stride,
                       size_t columns, int steps, int count, struct sums *sums) {
  struct records records;
  __m256 blocks[DIRECT_BATCH][STEPS];
  for (int i = 0; i < steps; ++i) {
    prefetch(code, step + i * step_bytes(code));
    read_records(code, step + i * step_bytes(code), i, &records);
    for (int m = 0; m < count; ++m)
      blocks[m][i] = load_block(x + m * stride + i * BLOCK, columns - i * BLOCK);
  }
  for (int row = 0; row < TILE_ROWS; row += 8)
    for (int i = 0; i < steps; ++i) {
      const __m256 excess = read_excess(&records, i, row);
      for (int m = 0; m < count; ++m)
        sums[m].excess[row / 8] = _mm256_fmadd_ps(
            excess, _mm256_set1_ps(sum_of(blocks[m][i])), sums[m].excess[row / 8]);
    }
  for (int four = 0; four < TILE_ROWS / 4; ++four)
    for (int r = 0; r < 4; ++r) {
      // Four by four, places are a transposition of rows.
      const int row = four * 4 + r, place = four % 4 * 16 + four / 4 * 4 + r;
      __m256 products[DIRECT_BATCH];
      for (int m = 0; m < count; ++m)
        products[m] = sums[m].products[row];
      for (int i = 0; i < steps; ++i) {
        const __m256 weights = _mm256_cvtepi32_ps(read_weights(code, &records, i, row, place));
        for (int m = 0; m < count; ++m)
          products[m] = _mm256_fmadd_ps(weights, blocks[m][i], products[m]);
      }
      for (int m = 0; m < count; ++m)
        sums[m].products[row] = products[m];
    }
}

INLINE void store_rows(const struct tile *tile, const struct sums *sums, float *y) {
  for (size_t row = 0; row < tile->rows; row += 8) {
    __m256 v[8];
    for (int i = 0; i < 8; ++i)
      v[i] = sums->products[row + i];
    transpose(v);
    __m256 total = _mm256_sub_ps(v[0], sums->excess[row / 8]);
    for (int i = 1; i < 8; ++i)
      total = _mm256_add_ps(total, v[i]);
    float rows[8];
    _mm256_storeu_ps(rows, _mm256_mul_ps(total, _mm256_loadu_ps(tile->factors + row)));
    for (size_t i = 0; i < least(tile->rows - row, 8); ++i)
      y[row + i] = rows[i];
  }
}

// Multiplies a tile with `count` rows of activations, from the codes.
INLINE void multiply_direct(const struct code *code, const struct operands *o,
                            const struct tile *tile, int count) {
  struct sums sums[DIRECT_BATCH];
  for (int m = 0; m < count; ++m) {
    for (int row = 0; row < TILE_ROWS; ++row)
      sums[m].products[row] = _mm256_setzero_ps();
    for (int i = 0; i < TILE_ROWS / 8; ++i)
      sums[m].excess[i] = _mm256_setzero_ps();
  }
  const uint8_t *step = tile->codes;
  size_t column = 0;
  for (; column + STEPS * BLOCK <= o->columns; column += STEPS * BLOCK) {
    add_blocks(code, step, o->x + column, o->x_stride, STEPS * BLOCK, STEPS, count, sums);
    step += STEPS * step_bytes(code);
  }
  for (; column < o->columns; column += BLOCK, step += step_bytes(code))
    add_blocks(code, step, o->x + column, o->x_stride, o->columns - column, 1, count, sums);
  for (int m = 0; m < count; ++m)
    store_rows(tile, &sums[m], tile->y + m * o->y_stride);
}

INLINE void decode(const struct code *code, const uint8_t *step, float *weights) {
  struct records records;
  read_records(code, step, 0, &records);
  for (int row = 0; row < TILE_ROWS; row += 8) {
    const __m256 excess = read_excess(&records, 0, row);
    __m256 v[BLOCK];
    for (int r = 0; r < 8; ++r) {
      const int four = row / 4 + r / 4, place = four % 4 * 16 + four / 4 * 4 + r % 4;
      v[r] = _mm256_cvtepi32_ps(read_weights(code, &records, 0, row + r, place));
    }
    transpose(v);
    for (int column = 0; column < BLOCK; ++column)
      _mm256_storeu_ps(weights + column * TILE_ROWS + row, _mm256_sub_ps(v[column], excess));
  }
}

INLINE void multiply_tile(const struct code *code, const struct operands *o,
                          const struct tile *tile) {
  if (!has_tables(code))
    multiply_by_panels(code, o, tile, decode_portably);
  else if (o->batch == 1)
    multiply_direct(code, o, tile, 1);
  else if (o->batch == 2)
    multiply_direct(code, o, tile, 2);
  else if (o->batch == 3)
    multiply_direct(code, o, tile, 3);
  else if (o->batch == 4)
    multiply_direct(code, o, tile, 4);
  else
    multiply_by_panels(code, o, tile, decode);
}

INLINE void multiply(const struct code *code, const struct operands *o) {
  for (size_t row = 0; row < o->rows; row += TILE_ROWS) {
    const struct tile tile = tile_at(code, o, row, 1);
    multiply_tile(code, o, &tile);
  }
}

SEEDLM_PRESETS(DEFINE_KERNEL)
