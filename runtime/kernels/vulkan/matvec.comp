#version 450
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One row of the activation.
#extension GL_GOOGLE_include_directive : require
#include "kernel.glsl"

#define ROWS 4
#define BATCH 1
#define MULTIPLY multiply_row
#include "rows.glsl"

void main() { multiply_row(); }
