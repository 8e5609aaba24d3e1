// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Blocks of weights in units of their scales.
#pragma once

#include "code.h"

#include <cmath>
#include <cstddef>

namespace seedlm {

struct BlockSource {
  const float *weights; // [count][code.block], finite
  const float *scales;  // [count], positive
  size_t count;

  BlockVector block(const Code &code, size_t index) const {
    BlockVector block{};
    const double scale = scales[index];
    for (int c = 0; c < code.block; ++c)
      block[c] = weights[index * code.block + c] / scale;
    return block;
  }
};

inline double length_of(const Code &code, const BlockVector &block) {
  return std::sqrt(dot(code, block, block));
}

// block / length
inline BlockVector normalized(const Code &code, BlockVector block,
                              double length) {
  for (int c = 0; c < code.block; ++c)
    block[c] /= length;
  return block;
}

} // namespace seedlm
