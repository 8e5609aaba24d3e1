// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "layout.h"

#include <algorithm>
#include <cstring>

#include "memory_model.h"
#include "seedlm_parameters.h"

namespace seedlm::fpga {
namespace {

constexpr size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }

} // namespace

Segments::Segments(size_t columns)
    : blocks(divide_up(columns, kBlock)), count(divide_up(blocks, kMaxSegment)),
      longest(divide_up(blocks, count)) {}

size_t Segments::length(size_t index) const {
  return std::min(longest, blocks - index * longest);
}

size_t code_beats(size_t rows, size_t columns) {
  Segments segments(columns);
  size_t beats = 0;
  for (size_t s = 0; s < segments.count; ++s)
    beats += divide_up(rows, kLanes) * divide_up(segments.length(s) * kStepBits, 8 * kBeatBytes);
  return beats;
}

std::vector<uint8_t> pack_activations(const int16_t *activations, size_t batch, size_t columns) {
  Segments segments(columns);
  std::vector<uint8_t> beats;
  for (size_t s = 0; s < segments.count; ++s) {
    size_t first = s * segments.longest, end = first + segments.length(s);
    for (size_t line = first; line < end; line += kBanks)
      for (size_t vector = 0; vector < batch; ++vector) {
        size_t at = beats.size();
        beats.resize(at + kBeatBytes);
        for (size_t block = line; block < std::min(line + kBanks, end); ++block) {
          size_t column = block * kBlock, width = std::min(kBlock, columns - column);
          std::memcpy(&beats[at + (block - line) * kPlace * sizeof(int16_t)],
                      activations + vector * columns + column, width * sizeof(int16_t));
        }
      }
  }
  return beats;
}

} // namespace seedlm::fpga
