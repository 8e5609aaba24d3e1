// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The driver: turns calls into commands for the one device, first come, first served.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "device.h"

namespace seedlm::fpga {

// A product of a matrix with `batch` vectors.
struct Product {
  const uint8_t *codes;       // in burst order
  const int16_t *activations; // [batch, columns]
  int64_t *low;               // [segments, batch, rows]: the low 64 bits of the accumulators
  int64_t *high;              // the rest, sign-extended; may be null
  size_t rows;
  size_t columns;
  size_t batch;
};

class Driver {
public:
  // The driver of this process.
  static Driver &instance();

  // Throws std::runtime_error. May be called from any thread.
  void multiply(const Product &product);

  // A new device on a memory of this timing.
  void set_memory(const MemoryTiming &timing);
  // Writes waveforms of everything from now on.
  void trace(const std::string &path);
  Counters counters();
  void reset_counters();

private:
  // The right to use the device, given in the order of asking.
  class Turn {
  public:
    explicit Turn(Driver &driver);
    ~Turn();

  private:
    Driver &driver_;
  };

  Driver();

  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t next_ticket_ = 0;
  uint64_t served_ = 0;
  std::unique_ptr<Device> device_;
  Counters counters_;
};

} // namespace seedlm::fpga
