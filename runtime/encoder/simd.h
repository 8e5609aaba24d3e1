// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Choice of the SIMD level at run time.
#pragma once

#include "cell_kernel.h"
#include "scan_kernel.h"
#include "weighted_kernel.h"

#include <vector>

namespace seedlm {

struct SimdLevel {
  const char *name;
  const ScanKernel &scan;
  const CellKernel &cells;
  const WeightedKernel &weighted;
};

// The levels that this processor can run, best first. All give the same codes.
std::vector<SimdLevel> simd_levels();

} // namespace seedlm
