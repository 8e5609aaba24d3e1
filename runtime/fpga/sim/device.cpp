// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device.h"

#include <cstring>
#include <stdexcept>
#include <utility>

#include "Vseedlm_top.h"
#include "verilated.h"
#ifdef SEEDLM_FPGA_TRACE
#include "verilated_vcd_c.h"
#else
class VerilatedVcdC {};
#endif

namespace seedlm::fpga {
namespace {

enum Register : uint32_t {
  kControl = 0x00,
  kStatus = 0x04,
  kRows = 0x08,
  kBlocks = 0x0c,
  kSegment = 0x10,
  kBatch = 0x14,
  kActivations = 0x18,
  kCodes = 0x1c,
  kCycles = 0x20,
  kBeats = 0x28,
  kMemoryStalls = 0x30,
  kDeviceStalls = 0x38,
  kResultStalls = 0x40,
};
constexpr uint32_t kBusy = 1, kRefused = 4;

// Two commands have their data mapped at a time: activations in the first quarter of a half of the
// address space, codes in the rest of that half.
constexpr uint32_t activations_address(uint32_t slot) { return slot << 31; }
constexpr uint32_t codes_address(uint32_t slot) { return slot << 31 | 1u << 29; }

constexpr uint64_t kIdleLimit = 1'000'000;

} // namespace

Counters &Counters::operator+=(const Counters &other) {
  commands += other.commands;
  cycles += other.cycles;
  beats += other.beats;
  memory_stalls += other.memory_stalls;
  device_stalls += other.device_stalls;
  result_stalls += other.result_stalls;
  return *this;
}

Device::Device(const MemoryTiming &timing)
    : context_(std::make_unique<VerilatedContext>()), memory_(timing),
      random_(timing.seed + 1), stall_per_mille_(timing.stall_per_mille) {
#ifdef SEEDLM_FPGA_TRACE
  context_->traceEverOn(true);
#endif
  top_ = std::make_unique<Vseedlm_top>(context_.get(), "");
  top_->rst = 1;
  for (int i = 0; i < 4; ++i)
    cycle();
  top_->rst = 0;
}

Device::~Device() {
#ifdef SEEDLM_FPGA_TRACE
  if (trace_)
    trace_->close();
#endif
  top_->final();
}

void Device::trace([[maybe_unused]] const std::string &path) {
#ifdef SEEDLM_FPGA_TRACE
  trace_ = std::make_unique<VerilatedVcdC>();
  top_->trace(trace_.get(), 99);
  trace_->open(path.c_str());
  if (!trace_->isOpen())
    throw std::runtime_error(path + ": cannot be written");
#else
  throw std::runtime_error("this model was not built for waveforms");
#endif
}

std::vector<std::vector<Result>> Device::run(const std::vector<Command> &commands,
                                             Counters &counters) {
  std::vector<std::vector<Result>> results;
  program(commands[0], 0);
  for (size_t i = 0; i < commands.size(); ++i) {
    write(kControl, 1);
    if (i + 1 < commands.size())
      program(commands[i + 1], (i + 1) % 2);
    results.push_back(finish(commands[i]));
    counters += read_counters();
  }
  return results;
}

void Device::program(const Command &command, uint32_t slot) {
  uint32_t activations = activations_address(slot), codes = codes_address(slot);
  memory_.map(activations, command.activations.data(), command.activations.size() / kBeatBytes);
  memory_.map(codes, command.codes, command.code_beats);
  write(kRows, command.rows);
  write(kBlocks, command.blocks);
  write(kSegment, command.segment);
  write(kBatch, command.batch);
  write(kActivations, activations);
  write(kCodes, codes);
}

std::vector<Result> Device::finish(const Command &command) {
  results_.reserve(command.results);
  uint64_t idle = 0;
  uint32_t status;
  do {
    size_t before = results_.size();
    status = read(kStatus);
    idle = results_.size() > before ? 0 : idle + 1;
    if (idle > kIdleLimit + command.code_beats * 64 * command.batch)
      throw std::runtime_error("the device hangs");
  } while (status & kBusy);
  if (status & kRefused)
    throw std::runtime_error("the device refuses the shape of the command");
  if (results_.size() != command.results)
    throw std::runtime_error("the device sent another number of results than the command has");
  return std::exchange(results_, {});
}

Counters Device::read_counters() {
  return {1,
          read_long(kCycles),
          read_long(kBeats),
          read_long(kMemoryStalls),
          read_long(kDeviceStalls),
          read_long(kResultStalls)};
}

void Device::write(uint32_t address, uint32_t value) {
  top_->access_write = 1;
  top_->access_data = value;
  access(address);
}

uint32_t Device::read(uint32_t address) {
  top_->access_write = 0;
  access(address);
  for (answered_ = false; !answered_;)
    cycle();
  return answer_;
}

uint64_t Device::read_long(uint32_t address) {
  uint64_t low = read(address);
  return low | static_cast<uint64_t>(read(address + 4)) << 32;
}

void Device::access(uint32_t address) {
  top_->access_address = address;
  top_->access_valid = 1;
  for (accepted_ = false; !accepted_;)
    cycle();
  top_->access_valid = 0;
}

void Device::cycle() {
  const uint8_t *beat = memory_.beat();
  top_->data_valid = beat != nullptr;
  if (beat)
    std::memcpy(&top_->data, beat, kBeatBytes);
  top_->request_ready = memory_.accepts();
  top_->read_ready = 1;
  top_->result_ready = !random_.happens(stall_per_mille_);
  edge(0);

  bool take = beat && top_->data_ready;
  bool request = top_->request_valid && top_->request_ready;
  uint32_t address = top_->request_address, beats = top_->request_beats;
  accepted_ = accepted_ || (top_->access_valid && top_->access_ready);
  if (top_->read_valid) {
    answered_ = true;
    answer_ = top_->read_data;
  }
  if (top_->result_valid && top_->result_ready)
    results_.push_back({word(0), word(2)});
  edge(1);

  if (take)
    memory_.take();
  if (request)
    memory_.request(address, beats);
  memory_.advance();
}

int64_t Device::word(int index) const {
  uint64_t high = top_->result_data[index + 1];
  return static_cast<int64_t>(high << 32 | top_->result_data[index]);
}

void Device::edge(int clock) {
  top_->clk = clock;
  top_->eval();
#ifdef SEEDLM_FPGA_TRACE
  context_->timeInc(1);
  if (trace_)
    trace_->dump(context_->time());
#endif
}

} // namespace seedlm::fpga
