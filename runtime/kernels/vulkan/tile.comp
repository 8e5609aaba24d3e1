#version 450
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// More than 32 rows of the activation.
#extension GL_GOOGLE_include_directive : require
#include "kernel.glsl"

#include "tile.glsl"

void main() { multiply_tile(); }
