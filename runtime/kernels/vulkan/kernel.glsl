// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the kernels share: bindings, weights, activations and the epilogue. The build writes presets.glsl
// with the decoder of a group of records (docs/format.md) and macros of the code and its layout: a group
// has GROUP_COLUMNS columns in WORDS planes of words and BYTES planes of bytes. ELEMENT is the type
// of activations and results. Integers have 32 bits; smaller types are only loaded and stored.
#extension GL_EXT_control_flow_attributes : require
#include "activations.glsl"
#include "presets.glsl"
#if BYTES > 0
#extension GL_EXT_shader_8bit_storage : require
#endif
#extension GL_EXT_shader_16bit_storage : require

const uint THREADS = 64;
layout(local_size_x = 64) in;

// All the shared memory that Vulkan guarantees.
shared float scratch[4096];

layout(push_constant) uniform Problem {
  uint batch;
  uint rows;
  uint columns;
  uint epilogue;
  float tensor_scale;
};
// The bits of `epilogue`, above which is the number of an activation function.
const uint HAS_BIAS = 1, ADDS_OTHER = 2, MULTIPLIES_OTHER = 4, ACTIVATION_SHIFT = 3;

// Bindings follow each other; what an epilogue does not read is bound to anything.
#if WORDS > 0
layout(set = 0, binding = 0) readonly buffer Words0 { uint words0[]; };
#endif
#if WORDS > 1
layout(set = 0, binding = 1) readonly buffer Words1 { uint words1[]; };
#endif
#if BYTES > 0
layout(set = 0, binding = WORDS) readonly buffer Bytes0 { uint8_t bytes0[]; };
#endif
#if BYTES > 1
layout(set = 0, binding = WORDS + 1) readonly buffer Bytes1 { uint8_t bytes1[]; };
#endif
#if BYTES > 2
layout(set = 0, binding = WORDS + 2) readonly buffer Bytes2 { uint8_t bytes2[]; };
#endif
const uint PLANES = WORDS + BYTES;
#if ROW_SCALES
layout(set = 0, binding = PLANES) readonly buffer Scales { SCALE scales[]; };
#endif
const uint INPUTS = PLANES + ROW_SCALES;
layout(set = 0, binding = INPUTS) readonly buffer Activation { ELEMENT activation[]; };
layout(set = 0, binding = INPUTS + 1) readonly buffer Bias { ELEMENT bias[]; };
layout(set = 0, binding = INPUTS + 2) readonly buffer Other { ELEMENT other[]; };
layout(set = 0, binding = INPUTS + 3) writeonly buffer Result { ELEMENT result[]; };

uint groups_of_row() { return (columns + GROUP_COLUMNS - 1) / GROUP_COLUMNS; }

// The weights of a group but for the scale of the tensor or row and the code's unit.
void load_weights(uint row, uint group_of_row, out float weights[GROUP_COLUMNS]) {
  const uint index = row * groups_of_row() + group_of_row;
  uint group[GROUP_WORDS];
#if WORDS > 0
  group[0] = words0[index];
#endif
#if WORDS > 1
  group[1] = words1[index];
#endif
#if BYTES > 0
  group[WORDS] = uint(bytes0[index]);
#endif
#if BYTES > 1
  group[WORDS] |= uint(bytes1[index]) << 8;
#endif
#if BYTES > 2
  group[WORDS] |= uint(bytes2[index]) << 16;
#endif
  decode(group, weights);
}

float activation_at(uint m, uint column) {
  const float x = float(activation[m * columns + min(column, columns - 1)]);
  return column < columns ? x : 0.0;
}

// Scales the sum of a row of the weight and a row of the activation, and writes the result.
void finish(uint m, uint row, float sum) {
  const float unit = 1.0 / float((1 << (BASIS_BITS - 1)) - 1);
#if ROW_SCALES
  float y = sum * (float(scales[row]) * unit);
#else
  float y = sum * (tensor_scale * unit);
#endif
  const uint at = m * rows + row;
  if ((epilogue & HAS_BIAS) != 0) { y += float(bias[row]); }
  if ((epilogue & ADDS_OTHER) != 0) { y += float(other[at]); }
  y = activate(epilogue >> ACTIVATION_SHIFT, y);
  if ((epilogue & MULTIPLIES_OTHER) != 0) { y *= float(other[at]); }
  result[at] = ELEMENT(y);
}
