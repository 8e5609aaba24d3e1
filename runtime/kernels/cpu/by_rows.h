// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels that decode row by row, with the columns of a block in lanes, for codes with tables of basis
// values (windows.h); other codes are decoded by DECODE_OTHERS. A source file that includes this defines
//   struct records  the records of STEPS steps
//   read_records    fills records with a step
//   read_weights    the weights of a record, times WEIGHT_MULTIPLE, without what `read_excess` gives
//   read_excess     what all weights of 8 rows have too much, by row; if HAS_EXCESS
// besides what panel.h needs.
#pragma once

#include "panel.h"
#include "portable.h"
#include "prepare.h"
#include "windows.h"

enum { DIRECT_BATCH = 4 };

INLINE void read_records(const struct code *code, const uint8_t *step, int i,
                         struct records *records);
INLINE eight read_weights(const struct code *code, const struct records *records, int i, int row);
INLINE eight read_excess(const struct code *code, const struct records *records, int i, int row);

// The sums of a row of activations: by row of weights and column of a block, and the excess by row of
// weights.
struct sums {
  eight products[TILE_ROWS], excess[TILE_ROWS / 8];
};

// Where a row stands in a byte plane: four by four, places are a transposition of rows.
INLINE int place_of(int row) { return row / 4 % 4 * 16 + row / 16 * 4 + row % 4; }

// The row whose word is in the first lane of a quarter of the words, and how much further the row is
// whose word shares the lane.
INLINE int first_row(const struct code *code, int quarter) {
  return is_mixed(code) ? 8 * quarter : quarter / 2 * 32 + quarter % 2 * 8;
}

INLINE int rows_apart(const struct code *code) { return is_mixed(code) ? 32 : 16; }

INLINE void transpose(eight *v) {
  eight pairs[8], fours[8];
  for (int i = 0; i < 8; i += 2) {
    const eight a = v[i], b = v[i + 1];
    pairs[i] = __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13);
    pairs[i + 1] = __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (int i = 0; i < 8; i += 4)
    for (int j = 0; j < 2; ++j) {
      const eight a = pairs[i + j], b = pairs[i + j + 2];
      fours[i + 2 * j] = __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13);
      fours[i + 2 * j + 1] = __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
    }
  for (int i = 0; i < 4; ++i) {
    const eight a = fours[i], b = fours[i + 4];
    v[i] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11);
    v[i + 4] = __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

INLINE float sum_of(eight v) {
  return ((v[0] + v[4]) + (v[1] + v[5])) + ((v[2] + v[6]) + (v[3] + v[7]));
}

// The activations of the block of a column.
INLINE eight block_at(const struct code *code, const struct operands *o, size_t m, size_t column) {
  if (o->prepared == NULL)
    return load_block(o->x + m * o->x_stride + column, o->columns - column);
  const uint8_t *row = o->prepared + m * o->prepared_stride;
  return restore_block(code, (const struct prepared *)row + column / BLOCK);
}

// Adds the products of `steps` blocks, from a column on, with `count` rows of activations.
INLINE void add_blocks(const struct code *code, const uint8_t *step, const struct operands *o,
                       size_t first, size_t column, int steps, int count, struct sums *sums) {
  struct records records;
  eight blocks[DIRECT_BATCH][STEPS];
  for (int i = 0; i < steps; ++i) {
    prefetch(code, step + i * step_bytes(code));
    read_records(code, step + i * step_bytes(code), i, &records);
    for (int m = 0; m < count; ++m)
      blocks[m][i] = block_at(code, o, first + m, column + i * BLOCK);
  }
  for (int row = 0; HAS_EXCESS && row < TILE_ROWS; row += 8)
    for (int i = 0; i < steps; ++i) {
      const eight excess = read_excess(code, &records, i, row);
      for (int m = 0; m < count; ++m)
        sums[m].excess[row / 8] += excess * sum_of(blocks[m][i]);
    }
  for (int row = 0; row < TILE_ROWS; row += 4)
#pragma GCC unroll 4
    for (int r = row; r < row + 4; ++r) {
      eight products[DIRECT_BATCH];
      for (int m = 0; m < count; ++m)
        products[m] = sums[m].products[r];
      for (int i = 0; i < steps; ++i) {
        const eight weights = read_weights(code, &records, i, r);
        for (int m = 0; m < count; ++m)
          products[m] += weights * blocks[m][i];
      }
      for (int m = 0; m < count; ++m)
        sums[m].products[r] = products[m];
    }
}

INLINE void store_rows(const struct tile *tile, const struct sums *sums, float *y) {
  for (size_t row = 0; row < tile->rows; row += 8) {
    eight v[8], total = {0};
    for (int i = 0; i < 8; ++i)
      v[i] = sums->products[row + i];
    transpose(v);
    for (int i = 0; i < 8; ++i)
      total += v[i];
    if (HAS_EXCESS)
      total -= sums->excess[row / 8];
    total *= *(const eight *)(tile->factors + row);
    for (size_t i = 0; i < least(tile->rows - row, 8); ++i)
      y[row + i] = total[i];
  }
}

// Multiplies a tile with `count` rows of activations from `first` on, from the codes.
INLINE void multiply_direct(const struct code *code, const struct operands *o,
                            const struct tile *tile, size_t first, int count) {
  const eight zero = {0};
  struct sums sums[DIRECT_BATCH];
  for (int m = 0; m < count; ++m) {
    for (int row = 0; row < TILE_ROWS; ++row)
      sums[m].products[row] = zero;
    for (int i = 0; i < TILE_ROWS / 8; ++i)
      sums[m].excess[i] = zero;
  }
  const uint8_t *step = tile->codes;
  size_t column = 0;
  for (; column + STEPS * BLOCK <= o->columns; column += STEPS * BLOCK) {
    add_blocks(code, step, o, first, column, STEPS, count, sums);
    step += STEPS * step_bytes(code);
  }
  for (; column < o->columns; column += BLOCK, step += step_bytes(code))
    add_blocks(code, step, o, first, column, 1, count, sums);
  for (int m = 0; m < count; ++m)
    store_rows(tile, &sums[m], tile->y + (first + m) * o->y_stride);
}

// The same with all rows.
INLINE void multiply_all(const struct code *code, const struct operands *o,
                         const struct tile *tile) {
  size_t first = 0;
  for (; first + DIRECT_BATCH <= o->batch; first += DIRECT_BATCH)
    multiply_direct(code, o, tile, first, DIRECT_BATCH);
  if (o->batch - first == 1)
    multiply_direct(code, o, tile, first, 1);
  else if (o->batch - first == 2)
    multiply_direct(code, o, tile, first, 2);
  else if (o->batch - first == 3)
    multiply_direct(code, o, tile, first, 3);
}

INLINE void decode_by_rows(const struct code *code, const uint8_t *step, float *weights) {
  struct records records;
  read_records(code, step, 0, &records);
  for (int row = 0; row < TILE_ROWS; row += 8) {
    eight v[BLOCK];
    for (int r = 0; r < 8; ++r)
      v[r] = read_weights(code, &records, 0, row + r);
    transpose(v);
    for (int column = 0; column < BLOCK; ++column) {
      if (HAS_EXCESS)
        v[column] -= read_excess(code, &records, 0, row);
      *(eight *)(weights + column * TILE_ROWS + row) = v[column];
    }
  }
}

INLINE void multiply_tile(const struct code *code, const struct operands *o, size_t row) {
  if (!has_tables(code)) {
    const struct tile tile = tile_at(code, o, row, 1);
    multiply_by_panels(code, o, &tile, DECODE_OTHERS);
    return;
  }
  const struct tile tile = tile_at(code, o, row, WEIGHT_MULTIPLE(code));
  if (o->batch <= DIRECT_BATCH || o->prepared != NULL)
    multiply_all(code, o, &tile);
  else
    multiply_by_panels(code, o, &tile, decode_by_rows);
}

INLINE void multiply(const struct code *code, const struct operands *o) {
  for (size_t row = 0; row < o->rows; row += TILE_ROWS)
    multiply_tile(code, o, row);
}
