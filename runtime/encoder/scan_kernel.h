// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The energy of every seed for a block, in single precision; one implementation
// a SIMD level.
//
// Plain data only: the implementations are compiled with other instruction sets
// than the rest, and must not emit inline functions that the linker could give
// to the rest.
#pragma once

#include "code_limits.h"

#include <cstddef>

namespace seedlm {

// Seeds that stand together in the inverse.
constexpr size_t kLanes = 16;
// Seeds in a tile, and windows that a kernel may compute past its end.
constexpr size_t kTile = 256;
constexpr size_t kTileOverrun = 16;
// Blocks scanned at once.
constexpr size_t kGroup = 4;

// The arrays that a kernel reads; see Tables.
struct ScanView {
  int block;
  int latent;
  size_t seed_tiles;
  size_t hard_tiles;
  // [positions + padding]: the value of each position.
  const float *values;
  // [position / kLanes][entry][kLanes]: the triangles R^-T row by row.
  const float *inverse;
  // [index / kTile][latent][block][kTile]: the columns of Q of hard seeds.
  const float *hard_q;
};

// Blocks of length 1, or of zeros.
struct BlockGroup {
  float weights[kGroup][kMaxBlock];
};

struct ScanKernel {
  // energies[kTile]: |Q^T w|^2 of each seed of a tile, w = weights[block] of
  // length 1.
  void (*energies)(const ScanView &view, const float *weights, size_t tile,
                   float *energies);
  // maxima[kGroup][seed_tiles + hard_tiles]: the greatest energy of each tile.
  void (*maxima)(const ScanView &view, const BlockGroup &group, float *maxima);
};

} // namespace seedlm
