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

// Some columns of the product with a panel: the sums of the columns before them are in y, and the last
// columns' sums are multiplied with factors.
struct span {
  const float *x, *panel, *factors;
  float *y;
  size_t x_stride, y_stride, columns;
  int first, last;
};

INLINE vector load_vector(const float *address) { return *(const vector *)address; }

// Multiplies PANEL_ROWS rows of a panel from `row` on with `count` rows of activations.
INLINE void multiply_part(const struct span *span, int row, int count) {
  vector sums[PANEL_BATCH][PANEL_VECTORS];
  const vector zero = {0};
  if (span->first)
    for (int m = 0; m < count; ++m)
      for (int v = 0; v < PANEL_VECTORS; ++v)
        sums[m][v] = zero;
  else
    for (int m = 0; m < count; ++m)
      for (int v = 0; v < PANEL_VECTORS; ++v)
        sums[m][v] = load_vector(span->y + m * span->y_stride + row + v * LANES);
  const float *panel = span->panel + row;
  for (size_t k = 0; k < span->columns; ++k, panel += TILE_ROWS)
    for (int m = 0; m < count; ++m)
      for (int v = 0; v < PANEL_VECTORS; ++v)
        sums[m][v] += span->x[m * span->x_stride + k] * load_vector(panel + v * LANES);
  if (span->last)
    for (int m = 0; m < count; ++m)
      for (int v = 0; v < PANEL_VECTORS; ++v)
        sums[m][v] *= load_vector(span->factors + row + v * LANES);
  for (int m = 0; m < count; ++m)
    for (int v = 0; v < PANEL_VECTORS; ++v)
      *(vector *)(span->y + m * span->y_stride + row + v * LANES) = sums[m][v];
}

INLINE void multiply_rows(const struct span *span, int count) {
  for (int row = 0; row < TILE_ROWS; row += PANEL_ROWS)
    multiply_part(span, row, count);
}

static void multiply_span(const struct span *span, size_t count) {
  if (count == 1)
    multiply_rows(span, 1);
  else if (count == 2)
    multiply_rows(span, 2);
  else if (count == 3)
    multiply_rows(span, 3);
  else if (count == 4)
    multiply_rows(span, 4);
  else if (count == 5)
    multiply_rows(span, 5);
  else
    multiply_rows(span, PANEL_BATCH);
}

// The same for a tile that has not all rows.
static void multiply_span_of(size_t rows, const struct span *span, size_t count) {
  float whole[PANEL_BATCH][TILE_ROWS];
  struct span of_whole = *span;
  of_whole.y = whole[0];
  of_whole.y_stride = TILE_ROWS;
  for (size_t m = 0; m < count && !span->first; ++m)
    for (size_t row = 0; row < TILE_ROWS; ++row)
      whole[m][row] = row < rows ? span->y[m * span->y_stride + row] : 0;
  multiply_span(&of_whole, count);
  for (size_t m = 0; m < count; ++m)
    for (size_t row = 0; row < rows; ++row)
      span->y[m * span->y_stride + row] = whole[m][row];
}

// Asks for the activations of the `count` rows after those of a span.
INLINE void prefetch_rows(const struct span *span, size_t rows, size_t count) {
  enum { LINE_FLOATS = 16 };
  for (size_t m = rows; m < rows + count; ++m)
    for (size_t k = 0; k < span->columns; k += LINE_FLOATS)
      __builtin_prefetch(span->x + m * span->x_stride + k);
}

INLINE void multiply_panel(const struct operands *o, const struct tile *tile, const float *panel,
                           size_t column, size_t columns) {
  const size_t groups = (o->batch + PANEL_BATCH - 1) / PANEL_BATCH;
  const size_t group = (o->batch + groups - 1) / groups; // all of about the same size
  struct span span = {o->x + column, panel,       tile->factors, tile->y,
                      o->x_stride,   o->y_stride, columns,       column == 0,
                      column + columns == o->columns};
  for (size_t row = 0; row < o->batch; row += group) {
    const size_t count = least(o->batch - row, group);
    prefetch_rows(&span, count, least(o->batch - row - count, group));
    if (tile->rows == TILE_ROWS)
      multiply_span(&span, count);
    else
      multiply_span_of(tile->rows, &span, count);
    span.x += count * o->x_stride;
    span.y += count * o->y_stride;
  }
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
    multiply_panel(o, tile, panel, column, columns);
  }
}
