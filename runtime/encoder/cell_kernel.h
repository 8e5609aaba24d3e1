// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The inner loops of the search by cells; one implementation a SIMD level. All
// give the same bits: sums of products of int16 are exact, and the operations
// in single precision are the same, unfused, in each lane.
//
// Plain data only, for the reason given in scan_kernel.h.
#pragma once

#include "fixed_point.h"

#include <cstddef>
#include <cstdint>

namespace seedlm {

[[gnu::always_inline]] constexpr int triangle_size(int latent) { return latent * (latent + 1) / 2; }

// Words of a row of a seed's Q, padded to whole 128-bit registers.
[[gnu::always_inline]] constexpr size_t row_words_of(int latent, int pairs) {
  return (static_cast<size_t>(latent * pairs) + 3) / 4 * 4;
}

// Arrays indexed by position in the register's orbit.
struct SubspaceView {
  int latent;
  int pairs; // (block + 1) / 2
  RecordLimits limits;
  // [position][row_words]: word p * pairs + i holds components 2i and 2i + 1
  // of column p of Q.
  const int32_t *rows;
  // [position][triangle_size]: R row by row.
  const float *triangles;
};

// Trials: a seed for a block each.
struct Trials {
  uint32_t positions[kSeedLanes];
  // The block as a fixed vector, its length with the sign of that vector, and
  // the energy of the seed for it.
  const int32_t *blocks[kSeedLanes];
  float lengths[kSeedLanes];
  float energies[kSeedLanes];
};

struct CellKernel {
  // The greatest product of `vector` with one of `count` fixed vectors
  // [pairs][count], by magnitude if `both_signs`; of equal ones the first.
  // `count` is a multiple of kSeedLanes.
  uint32_t (*nearest)(const int32_t *vectors, size_t count, int pairs,
                      const int32_t *vector, bool both_signs, int32_t *product);
  // columns[count / kSeedLanes][row_words][kSeedLanes]: the rows at `count`
  // positions, a multiple of kSeedLanes, side by side.
  void (*gather)(const SubspaceView &view, const uint32_t *positions,
                 size_t count, int32_t *columns);
  // energies[count] of the seeds in columns for a block.
  void (*energies)(const SubspaceView &view, const int32_t *columns,
                   size_t count, const int32_t *block, float *energies);
  // Writes the indices of energies above `low` and up to `high`, and returns
  // how many there are.
  size_t (*select)(const float *energies, size_t count, float low, float high,
                   uint32_t *indices);
  // errors[kSeedLanes], relative to the block's energy: at the three exponents
  // around the greatest least-squares coefficient, the two nearest
  // coefficients at each level. Not below 1 - energy.
  void (*try_out)(const SubspaceView &view, const Trials &trials,
                  float *errors);
};

} // namespace seedlm
