#version 450
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// 2 to 4 rows of the activation.
#extension GL_GOOGLE_include_directive : require
#include "kernel.glsl"

#define ROWS 8
#define BATCH 4
#define MULTIPLY multiply_few
#include "rows.glsl"

void main() { multiply_few(); }
