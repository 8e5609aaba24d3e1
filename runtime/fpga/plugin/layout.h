// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The layouts of the device's memory and results, for the sizes in seedlm_parameters.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace seedlm::fpga {

// A row is cut into segments of blocks, equally long but for the last.
struct Segments {
  explicit Segments(size_t columns);
  // Blocks of segment `index`.
  size_t length(size_t index) const;

  size_t blocks;
  size_t count;
  size_t longest;
};

// Beats of the codes of a matrix.
size_t code_beats(size_t rows, size_t columns);

// The beats of `batch` rows of activations int16 [batch, columns].
std::vector<uint8_t> pack_activations(const int16_t *activations, size_t batch, size_t columns);

} // namespace seedlm::fpga
