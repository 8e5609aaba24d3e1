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
  int pairs; // (block + 1) / 2
  RecordLimits limits;
  // [positions + padding]: the value of each position.
  const double *values;
  // Roots of the importances, zeros past the block.
  double roots[2 * kMaxPairs];
};

struct WeightedKernel {
  // The thin QR factors of `count` seeds from position `first` on, a multiple of
  // kSeedLanes: Q in fixed point, columns[count / kSeedLanes][latent * pairs]
  // [kSeedLanes], word p * pairs + i with components 2i and 2i + 1 of column p;
  // and the least diagonal of each R, shortest[count].
  void (*factorize)(const WeightedView &view, size_t first, size_t count,
                    int32_t *columns, float *shortest);
  // Writes the indices and the energies of the seeds in columns whose energy for
  // the block, a fixed vector, is above `low`, and returns how many there are.
  size_t (*select)(const WeightedView &view, const int32_t *columns,
                   size_t count, const int32_t *block, float low,
                   uint32_t *indices, float *energies);
  // errors[kSeedLanes] of the seeds at these positions for a block [2 * pairs]:
  // at the three exponents around the greatest least-squares coefficient, the
  // two nearest coefficients at each level.
  void (*try_out)(const WeightedView &view, const uint32_t *positions,
                  const float *block, float *errors);
};

} // namespace seedlm
