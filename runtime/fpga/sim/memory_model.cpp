// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "memory_model.h"

#include <stdexcept>

namespace seedlm::fpga {

MemoryModel::MemoryModel(const MemoryTiming &timing)
    : timing_(timing), beat_cycles_(8 * kBeatBytes / timing.width_bits), random_(timing.seed) {}

void MemoryModel::map(uint32_t address, const uint8_t *bytes, size_t beats) {
  std::erase_if(regions_, [=](const Region &region) { return region.address == address; });
  regions_.push_back({address, bytes, beats});
}

void MemoryModel::request(uint32_t address, uint32_t beats) {
  bursts_.push_back({address, beats, cycle_ + timing_.latency});
}

void MemoryModel::take() {
  offered_ = nullptr;
  Burst &burst = bursts_.front();
  ++burst.address;
  if (--burst.beats == 0)
    bursts_.pop_front();
}

void MemoryModel::advance() {
  ++cycle_;
  if (offered_ || bursts_.empty() || cycle_ < bursts_.front().ready || cycle_ < next_beat_)
    return;
  if (refreshing() || random_.happens(timing_.stall_per_mille))
    return;
  offered_ = find(bursts_.front().address);
  next_beat_ = cycle_ + beat_cycles_;
}

bool MemoryModel::refreshing() const {
  return timing_.refresh_period && cycle_ % timing_.refresh_period < timing_.refresh_cycles;
}

const uint8_t *MemoryModel::find(uint32_t address) const {
  for (const Region &region : regions_)
    if (address - region.address < region.beats)
      return region.bytes + (address - region.address) * kBeatBytes;
  throw std::runtime_error("the device reads outside of its memory");
}

} // namespace seedlm::fpga
