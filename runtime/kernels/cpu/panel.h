// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The product with many rows of activations: the weights of some columns of a tile are decoded to a
// panel, which all rows are multiplied with. A source file that includes this defines LANES, the
// floats of a vector, and PANEL_VECTORS, the vectors of rows of weights that fit into registers
// together with PANEL_BATCH times as many sums.
#pragma once

#include "multiply.h"

// A panel is f32 [PANEL_COLUMNS][TILE_ROWS], small enough for the first cache.
enum { PANEL_COLUMNS = 96, PANEL_BATCH = 6, PANEL_ROWS = LANES * PANEL_VECTORS };

typedef float vector __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

// Some columns of the product with a panel: the sums of the columns before them are in y.
struct span {
  const float *x, *panel;
  float *y;
  size_t columns;
  int first, last;
};

INLINE vector load_sums(const float *y, int first, size_t rows) {
  vector sums = {0};
  if (!first && rows >= LANES)
    return *(const vector *)y;
  for (size_t i = 0; i < LANES && !first; ++i)
    sums[i] = i < rows ? y[i] : 0;
  return sums;
}

INLINE void store_sums(float *y, vector sums, size_t rows) {
  if (rows >= LANES)
    *(vector *)y = sums;
  else
    for (size_t i = 0; i < rows; ++i)
      y[i] = sums[i];
}

// Multiplies PANEL_ROWS rows of a panel from `row` on with `count` rows of activations.
INLINE void multiply_part(const struct tile *tile, const struct operands *o,
                          const struct span *span, int row, int count) {
  vector sums[PANEL_BATCH][PANEL_VECTORS];
  const size_t rows = tile->rows - row;
  for (int m = 0; m < count; ++m)
    for (int v = 0; v < PANEL_VECTORS; ++v)
      sums[m][v] = load_sums(span->y + m * o->y_stride + row + v * LANES, span->first,
                             rows - least(rows, v * LANES));
  const float *panel = span->panel + row;
  for (size_t k = 0; k < span->columns; ++k, panel += TILE_ROWS)
    for (int m = 0; m < count; ++m)
      for (int v = 0; v < PANEL_VECTORS; ++v)
        sums[m][v] += span->x[m * o->x_stride + k] * *(const vector *)(panel + v * LANES);
  for (int m = 0; m < count; ++m)
    for (int v = 0; v < PANEL_VECTORS; ++v) {
      if (span->last)
        sums[m][v] *= *(const vector *)(tile->factors + row + v * LANES);
      store_sums(span->y + m * o->y_stride + row + v * LANES, sums[m][v],
                 rows - least(rows, v * LANES));
    }
}

INLINE void multiply_span(const struct tile *tile, const struct operands *o,
                          const struct span *span, int count) {
  for (int row = 0; row < (int)tile->rows; row += PANEL_ROWS)
    multiply_part(tile, o, span, row, count);
}

static void multiply_panel(const struct tile *tile, const struct operands *o,
                           const struct span *span, size_t count) {
  if (count == 1)
    multiply_span(tile, o, span, 1);
  else if (count == 2)
    multiply_span(tile, o, span, 2);
  else if (count == 3)
    multiply_span(tile, o, span, 3);
  else if (count == 4)
    multiply_span(tile, o, span, 4);
  else if (count == 5)
    multiply_span(tile, o, span, 5);
  else
    multiply_span(tile, o, span, PANEL_BATCH);
}

// Decodes the weights of a step, without scale and unit, to f32 [block][TILE_ROWS].
typedef void decode_step(const struct code *code, const uint8_t *step, float *weights);

// Multiplies a tile with all rows of activations.
INLINE void multiply_by_panels(const struct code *code, const struct operands *o,
                               const struct tile *tile, decode_step *decode) {
  _Alignas(64) float panel[PANEL_COLUMNS * TILE_ROWS];
  const uint8_t *step = tile->codes;
  for (size_t column = 0; column < o->columns; column += PANEL_COLUMNS) {
    const size_t columns = least(o->columns - column, PANEL_COLUMNS);
    for (size_t k = 0; k < columns; k += code->block, step += step_bytes(code))
      decode(code, step, panel + k * TILE_ROWS);
    for (size_t row = 0; row < o->batch; row += PANEL_BATCH) {
      const struct span span = {
          o->x + row * o->x_stride + column,  panel,   tile->y + row * o->y_stride, columns,
          column == 0, column + columns == o->columns};
      multiply_panel(tile, o, &span, least(o->batch - row, PANEL_BATCH));
    }
  }
}
