// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Limits of the parameters of a code.
#pragma once

namespace seedlm {

constexpr int kMaxBlock = 16;
constexpr int kMaxLatent = 4;

} // namespace seedlm
