// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sizes of fixed-point data that kernels and their callers share.
#pragma once

#include "code_limits.h"

#include <cstddef>

namespace seedlm {

constexpr int kMaxPairs = kMaxBlock / 2;
// One in components of 16 bits.
constexpr int kFixedOne = 32767;
// Seeds that a kernel looks at together.
constexpr size_t kSeedLanes = 16;
// Energies are in units of 1 / kEnergyOne.
constexpr float kEnergyOne = 32767.0f * 32767 * 32767 * 32767;

} // namespace seedlm
