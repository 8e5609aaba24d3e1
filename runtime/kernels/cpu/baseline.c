// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels for any processor.

#define LANES 4
#define PANEL_VECTORS 2
#include "panel.h"
#include "portable.h"

INLINE void multiply(const struct code *code, const struct operands *o) {
  for (size_t row = 0; row < o->rows; row += TILE_ROWS) {
    const struct tile tile = tile_at(code, o, row, 1);
    multiply_by_panels(code, o, &tile, decode_portably);
  }
}

SEEDLM_PRESETS(DEFINE_KERNEL)
