#version 450
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// 5 to 32 rows of the activation.
#extension GL_GOOGLE_include_directive : require
#include "kernel.glsl"

#define ROWS 8
#define BATCH 8
#define MULTIPLY multiply_some
#include "rows.glsl"

void main() { multiply_some(); }
