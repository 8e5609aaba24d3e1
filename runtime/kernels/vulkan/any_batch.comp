#version 450
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any number of rows of the activation, known at run time only.
#extension GL_GOOGLE_include_directive : require
#include "kernel.glsl"

#define ROWS 4
#define BATCH 1
#define MULTIPLY multiply_row
#include "rows.glsl"
#define ROWS 8
#define BATCH 8
#define MULTIPLY multiply_some
#include "rows.glsl"
#include "tile.glsl"

// The bounds are those of seedlm.passes.vulkan_form.kernels.
void main() {
  if (batch == 1) {
    multiply_row();
  } else if (batch <= 32) {
    multiply_some();
  } else {
    multiply_tile();
  }
}
