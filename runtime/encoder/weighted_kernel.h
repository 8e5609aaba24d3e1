// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The inner loops of the search with importances; one implementation a SIMD
// level. All give the same bits, as those of CellKernel do.
//
// Plain data only, for the reason given in scan_kernel.h.
#pragma once

#include "fixed_point.h"

#include <cstddef>
#include <cstdint>

namespace seedlm {

// The bases U of seeds by position in the orbit, each row times the root of its
// importance.
struct WeightedView {
  int latent;
  int block;
  RecordLimits limits;
  // [positions + padding]: the value of each position.
  const double *values;
  const float *single_values;
  // Roots of the importances, zeros past the block.
  double roots[kMaxBlock];
};

// What is selected for a block, a fixed vector: the indices and the energies of
// the `found` seeds whose energy is above `low`.
struct Selection {
  const int32_t *block;
  int32_t low;
  size_t found;
  uint32_t *indices;
  int32_t *energies;
};

// Energies are in units of 1 / kWeightedEnergyOne.
constexpr float kWeightedEnergyOne = kEnergyOne / 65536 / 65536;

// Blocks that go over columns together.
constexpr size_t kSelections = 2;

// Computes the thin QR factors of `count` seeds from position `first` on, a
// multiple of kSeedLanes: Q in fixed point as columns[count / kSeedLanes]
// [latent][pairs][kSeedLanes], word i with components 2i and 2i + 1, and the
// least diagonal of each R, shortest[count].
using Factorize = void (*)(const WeightedView &view, size_t first, size_t count,
                           int32_t *columns, float *shortest);

struct WeightedKernel {
  Factorize factorize;      // in double precision
  Factorize factorize_fast; // in single precision
  // Fills selections[kSelections] from the seeds in columns.
  void (*select)(const WeightedView &view, const int32_t *columns, size_t count,
                 Selection *selections);
  // errors[kSeedLanes] of the seeds at these positions for a block [kMaxBlock],
  // zeros past its end: at the three exponents around the greatest
  // least-squares coefficient, the two nearest coefficients at each level.
  void (*try_out)(const WeightedView &view, const uint32_t *positions,
                  const float *block, float *errors);
};

} // namespace seedlm
