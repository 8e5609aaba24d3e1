// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// void multiply_tile(): a workgroup decodes a tile of the weight into shared memory once for
// TILE_BATCH rows of the activation, which it brings there as well, and each thread computes 8 x 8 of
// the results.

const uint TILE_ROWS = 64, TILE_BATCH = 64, SIDE = 8, EACH = 8;
// Groups of a step: as many as make about 24 columns.
const uint STEP_GROUPS = max(1, 24 / GROUP_COLUMNS), STEP_COLUMNS = STEP_GROUPS * GROUP_COLUMNS;
// Rows of the tiles have one more element, so that they start in different banks.
const uint WEIGHT_STRIDE = TILE_ROWS + 1, ACTIVATION_STRIDE = TILE_BATCH + 1;
const uint ACTIVATIONS = STEP_COLUMNS * WEIGHT_STRIDE;

void load_tiles(uint row, uint m, uint first_group) {
  for (uint i = gl_LocalInvocationID.x; i < TILE_ROWS * STEP_GROUPS; i += THREADS) {
    const uint r = i % TILE_ROWS, g = i / TILE_ROWS;
    float weights[GROUP_COLUMNS];
    load_weights(min(row + r, rows - 1), min(first_group + g, groups_of_row() - 1), weights);
    [[unroll]] for (uint c = 0; c < GROUP_COLUMNS; ++c) {
      scratch[(g * GROUP_COLUMNS + c) * WEIGHT_STRIDE + r] = weights[c];
    }
  }
  for (uint i = gl_LocalInvocationID.x; i < TILE_BATCH * STEP_COLUMNS; i += THREADS) {
    const uint c = i % STEP_COLUMNS, b = i / STEP_COLUMNS;
    scratch[ACTIVATIONS + c * ACTIVATION_STRIDE + b] =
        activation_at(min(m + b, batch - 1), first_group * GROUP_COLUMNS + c);
  }
}

void multiply_tile() {
  const uint row = gl_WorkGroupID.x * TILE_ROWS, m = gl_WorkGroupID.y * TILE_BATCH;
  const uint own_row = gl_LocalInvocationID.x % SIDE, own_batch = gl_LocalInvocationID.x / SIDE;
  float total[EACH][EACH];
  [[unroll]] for (uint b = 0; b < EACH; ++b) {
    [[unroll]] for (uint r = 0; r < EACH; ++r) { total[b][r] = 0.0; }
  }

  for (uint g = 0; g < groups_of_row(); g += STEP_GROUPS) {
    load_tiles(row, m, g);
    barrier();
    for (uint k = 0; k < STEP_COLUMNS; ++k) {
      float w[EACH];
      [[unroll]] for (uint r = 0; r < EACH; ++r) {
        w[r] = scratch[k * WEIGHT_STRIDE + own_row + r * SIDE];
      }
      [[unroll]] for (uint b = 0; b < EACH; ++b) {
        const float x = scratch[ACTIVATIONS + k * ACTIVATION_STRIDE + own_batch + b * SIDE];
        [[unroll]] for (uint r = 0; r < EACH; ++r) { total[b][r] += x * w[r]; }
      }
    }
    barrier();
  }

  [[unroll]] for (uint r = 0; r < EACH; ++r) {
    const uint own = row + own_row + r * SIDE;
    [[unroll]] for (uint b = 0; b < EACH; ++b) {
      const uint own_m = m + own_batch + b * SIDE;
      if (own < rows && own_m < batch) { finish(own_m, own, total[b][r]); }
    }
  }
}
