// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The device, simulated cycle by cycle, with its memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "memory_model.h"

class Vseedlm_top;
class VerilatedContext;
class VerilatedVcdC;

namespace seedlm::fpga {

struct Counters {
  uint64_t commands = 0;
  uint64_t cycles = 0;
  uint64_t beats = 0;
  uint64_t memory_stalls = 0; // cycles in which the device waited for memory
  uint64_t device_stalls = 0; // cycles in which memory waited for the device
  uint64_t result_stalls = 0; // cycles in which a result waited to be taken

  Counters &operator+=(const Counters &other);
};

// One command, in the device's own layouts (docs/fpga.md).
struct Command {
  const uint8_t *codes;
  size_t code_beats;
  std::vector<uint8_t> activations;
  uint32_t rows;
  uint32_t blocks;
  uint32_t segment;
  uint32_t batch;
  size_t results;
};

// A result of up to 128 bits, sign-extended.
struct Result {
  int64_t low;
  int64_t high;
};

class Device {
public:
  explicit Device(const MemoryTiming &timing);
  ~Device();

  // Runs commands one after another; the next one is set up while one runs. Returns the results of
  // each in the order in which they leave, and adds to `counters`. Throws std::runtime_error.
  std::vector<std::vector<Result>> run(const std::vector<Command> &commands, Counters &counters);

  // Writes waveforms from now on; only a model that was built for it can.
  void trace(const std::string &path);

private:
  void program(const Command &command, uint32_t slot);
  std::vector<Result> finish(const Command &command);
  Counters read_counters();
  void write(uint32_t address, uint32_t value);
  uint32_t read(uint32_t address);
  uint64_t read_long(uint32_t address);
  void access(uint32_t address);
  void cycle();
  void edge(int clock);
  int64_t word(int index) const;

  std::unique_ptr<VerilatedContext> context_;
  std::unique_ptr<Vseedlm_top> top_;
  std::unique_ptr<VerilatedVcdC> trace_;
  MemoryModel memory_;
  RandomBits random_;
  uint32_t stall_per_mille_;
  std::vector<Result> results_;
  bool accepted_ = false;
  bool answered_ = false;
  uint32_t answer_ = 0;
};

} // namespace seedlm::fpga
