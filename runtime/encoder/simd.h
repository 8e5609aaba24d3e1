// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Choice of the SIMD level at run time.
#pragma once

#include "scan_kernel.h"

#include <vector>

namespace seedlm {

// The scan kernels that this processor can run, best first. All give the same
// codes.
std::vector<const ScanKernel *> scan_kernels();

} // namespace seedlm
