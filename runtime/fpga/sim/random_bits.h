// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A small generator of random events that is the same on every machine.
#pragma once

#include <cstdint>

namespace seedlm::fpga {

class RandomBits {
public:
  explicit RandomBits(uint32_t seed) : state_(seed * 2654435769u | 1) {}

  // True `per_mille` times in a thousand.
  bool happens(uint32_t per_mille) {
    if (per_mille == 0)
      return false;
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_ % 1000 < per_mille;
  }

private:
  uint64_t state_;
};

} // namespace seedlm::fpga
