// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A DRAM channel as a device sees it: bursts are asked for, beats come back in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "random_bits.h"

namespace seedlm::fpga {

inline constexpr size_t kBeatBytes = 64;

// All in cycles of the device unless said otherwise.
struct MemoryTiming {
  uint32_t width_bits = 512;      // of the channel: a beat of 512 bits takes 512 / width cycles
  uint32_t latency = 40;          // from a request to its first beat
  uint32_t bursts = 16;           // requests under way at once
  uint32_t refresh_period = 1560; // 0: never refreshed
  uint32_t refresh_cycles = 70;   // at the start of each period no beat comes
  uint32_t stall_per_mille = 0;   // how often a beat, or the taker of a result, is a cycle late
  uint32_t seed = 1;              // of the stalls
};

class MemoryModel {
public:
  explicit MemoryModel(const MemoryTiming &timing);

  // Puts `beats` beats at `address`, in beats, instead of those that were put there before.
  void map(uint32_t address, const uint8_t *bytes, size_t beats);

  bool accepts() const { return bursts_.size() < timing_.bursts; }
  void request(uint32_t address, uint32_t beats);

  // The beat that is offered in this cycle and until it is taken, or null.
  const uint8_t *beat() const { return offered_; }
  void take();

  // The next cycle begins.
  void advance();

private:
  struct Region {
    uint32_t address;
    const uint8_t *bytes;
    size_t beats;
  };
  struct Burst {
    uint32_t address;
    uint32_t beats;
    uint64_t ready;
  };

  const uint8_t *find(uint32_t address) const;
  bool refreshing() const;

  MemoryTiming timing_;
  uint64_t beat_cycles_;
  RandomBits random_;
  std::vector<Region> regions_;
  std::deque<Burst> bursts_;
  const uint8_t *offered_ = nullptr;
  uint64_t cycle_ = 0;
  uint64_t next_beat_ = 0;
};

} // namespace seedlm::fpga
