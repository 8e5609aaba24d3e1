// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// void MULTIPLY(): a workgroup multiplies ROWS rows of the weight with BATCH rows of the activation,
// all of which are macros. Its threads take groups of columns in turn, in streams of neighbours that
// read neighbouring words, and add up their sums in shared memory, whatever the size of a subgroup.
// Rows past the last are computed as the last again, and not written.

void MULTIPLY() {
  const uint STREAM = 16, STREAMS = THREADS / STREAM, PARTS = 8, SUMS = ROWS * BATCH;
  const uint thread = gl_LocalInvocationID.x;
  const uint row = gl_WorkGroupID.x * ROWS, m = gl_WorkGroupID.y * BATCH;
  const uint groups = groups_of_row(), share = (groups + STREAMS - 1) / STREAMS;
  const uint first = thread / STREAM * share, end = min(first + share, groups);
  float total[ROWS][BATCH];
  [[unroll]] for (uint r = 0; r < ROWS; ++r) {
    [[unroll]] for (uint b = 0; b < BATCH; ++b) { total[r][b] = 0.0; }
  }

  for (uint g = first + thread % STREAM; g < end; g += STREAM) {
    float x[BATCH][GROUP_COLUMNS];
    [[unroll]] for (uint b = 0; b < BATCH; ++b) {
      [[unroll]] for (uint c = 0; c < GROUP_COLUMNS; ++c) {
        x[b][c] = activation_at(min(m + b, batch - 1), g * GROUP_COLUMNS + c);
      }
    }
    [[unroll]] for (uint r = 0; r < ROWS; ++r) {
      float weights[GROUP_COLUMNS];
      load_weights(min(row + r, rows - 1), g, weights);
      [[unroll]] for (uint b = 0; b < BATCH; ++b) {
        [[unroll]] for (uint c = 0; c < GROUP_COLUMNS; ++c) { total[r][b] += weights[c] * x[b][c]; }
      }
    }
  }

  [[unroll]] for (uint r = 0; r < ROWS; ++r) {
    [[unroll]] for (uint b = 0; b < BATCH; ++b) {
      scratch[(r * BATCH + b) * THREADS + thread] = total[r][b];
    }
  }
  barrier();
  for (uint i = thread; i < SUMS * PARTS; i += THREADS) {
    const uint sum = i / PARTS * THREADS, part = i % PARTS;
    float partial = 0.0;
    [[unroll]] for (uint k = part; k < THREADS; k += PARTS) { partial += scratch[sum + k]; }
    scratch[sum + part] = partial;
  }
  barrier();
  for (uint i = thread; i < SUMS; i += THREADS) {
    const uint r = row + i / BATCH, own = m + i % BATCH;
    float sum = 0.0;
    [[unroll]] for (uint part = 0; part < PARTS; ++part) { sum += scratch[i * THREADS + part]; }
    if (r < rows && own < batch) { finish(own, r, sum); }
  }
}

#undef MULTIPLY
#undef ROWS
#undef BATCH
