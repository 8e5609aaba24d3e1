// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "encoder.h"

#include "finisher.h"
#include "seed_scan.h"
#include "tables.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>
#include <vector>

namespace seedlm {
namespace {

class GroupEncoder {
public:
  GroupEncoder(const Code &code, const Tables &tables, const ScanKernel &kernel,
               float scale)
      : code_(code), scale_(scale), scan_(tables, kernel), finisher_(code) {}

  // Encodes `count` blocks, at most kGroup.
  void encode(const float *weights, size_t count, Record *records) {
    BlockGroup group{};
    for (size_t b = 0; b < count; ++b)
      load(weights + b * code_.block, b, group);
    scan_.scan(group);
    for (size_t b = 0; b < count; ++b)
      records[b] = best_record(b);
  }

private:
  void load(const float *weights, size_t b, BlockGroup &group) {
    for (int c = 0; c < code_.block; ++c)
      blocks_[b][c] = weights[c] / scale_;
    lengths_[b] = std::sqrt(dot(code_, blocks_[b], blocks_[b]));
    for (int c = 0; c < code_.block && lengths_[b] > 0; ++c)
      group.weights[b][c] = static_cast<float>(blocks_[b][c] / lengths_[b]);
  }

  Record best_record(size_t b) {
    if (lengths_[b] == 0)
      return kZeroRecord;
    finisher_.start(blocks_[b]);
    // A vector beats zero only if it is shorter than twice the block.
    scan_.start(b, 2 * std::ldexp(lengths_[b], -code_.exponent_min()));
    while (const auto seed = scan_.next(finisher_.error() / finisher_.energy()))
      finisher_.try_seed(*seed);
    return finisher_.best();
  }

  const Code code_;
  const double scale_;
  SeedScan scan_;
  Finisher finisher_;
  std::array<BlockVector, kGroup> blocks_{};
  std::array<double, kGroup> lengths_{};
};

} // namespace

void encode(const Code &code, const ScanKernel &kernel, const float *blocks,
            size_t count, float scale, int threads, Record *records) {
  const auto tables = Tables::of(code);
  const size_t groups = (count + kGroup - 1) / kGroup;
  std::vector<GroupEncoder> encoders(
      std::min(static_cast<size_t>(threads), groups),
      GroupEncoder(code, *tables, kernel, scale));
  std::atomic<size_t> next = 0;
  const auto work = [&](GroupEncoder &encoder) {
    for (size_t begin; (begin = next.fetch_add(kGroup)) < count;)
      encoder.encode(blocks + begin * code.block,
                     std::min(kGroup, count - begin), records + begin);
  };
  std::vector<std::jthread> workers;
  for (GroupEncoder &encoder : encoders)
    workers.emplace_back(work, std::ref(encoder));
}

} // namespace seedlm
