// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The product with activations of 8 bits that multiplies weights with what the activations stand for.
#pragma once

#include "by_rows.h"

INLINE void multiply_int8(const struct code *code, const struct operands *o,
                          const uint8_t *prepared, size_t stride) {
  for (size_t row = 0; row < o->rows; row += TILE_ROWS) {
    const struct tile tile = tile_at(code, o, row, WEIGHT_MULTIPLE(code));
    for (size_t m = 0; m < o->batch; m += DIRECT_BATCH) {
      const struct activations activations = {1, NULL, prepared + m * stride, stride};
      multiply_few(code, o, &tile, &activations, tile.y + m * o->y_stride,
                   least(o->batch - m, DIRECT_BATCH));
    }
  }
}
