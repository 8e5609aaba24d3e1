// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "driver.h"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "layout.h"
#include "seedlm_parameters.h"

namespace seedlm::fpga {
namespace {

constexpr size_t kMaxBatch = 16;
constexpr size_t kMaxSize = size_t{1} << 20;
constexpr char kTraceVariable[] = "SEEDLM_FPGA_TRACE";

std::vector<Command> commands_of(const Product &product) {
  Segments segments(product.columns);
  std::vector<Command> commands;
  for (size_t first = 0; first < product.batch; first += kMaxBatch) {
    size_t batch = std::min(kMaxBatch, product.batch - first);
    commands.push_back(
        {product.codes, code_beats(product.rows, product.columns),
         pack_activations(product.activations + first * product.columns, batch, product.columns),
         static_cast<uint32_t>(product.rows), static_cast<uint32_t>(segments.blocks),
         static_cast<uint32_t>(segments.longest), static_cast<uint32_t>(batch),
         segments.count * batch * product.rows});
  }
  return commands;
}

// Puts the results of the command whose first vector is `first` where the caller wants them. They
// come by segment, group of rows, vector and row.
void scatter(const std::vector<Result> &results, size_t first, size_t batch,
             const Product &product) {
  auto result = results.begin();
  for (size_t base = first * product.rows; result != results.end();
       base += product.batch * product.rows)
    for (size_t group = 0; group < product.rows; group += kLanes)
      for (size_t vector = 0; vector < batch; ++vector)
        for (size_t row = group; row < std::min(group + kLanes, product.rows); ++row, ++result) {
          size_t place = base + vector * product.rows + row;
          product.low[place] = result->low;
          if (product.high)
            product.high[place] = result->high;
        }
}

} // namespace

Driver &Driver::instance() {
  static Driver driver;
  return driver;
}

Driver::Driver() : device_(std::make_unique<Device>(MemoryTiming{})) {
  if (const char *path = std::getenv(kTraceVariable))
    device_->trace(path);
}

Driver::Turn::Turn(Driver &driver) : driver_(driver) {
  std::unique_lock lock(driver.mutex_);
  uint64_t ticket = driver.next_ticket_++;
  driver.changed_.wait(lock, [&] { return driver.served_ == ticket; });
}

Driver::Turn::~Turn() {
  std::lock_guard lock(driver_.mutex_);
  ++driver_.served_;
  driver_.changed_.notify_all();
}

void Driver::multiply(const Product &product) {
  if (product.rows == 0 || product.columns == 0)
    throw std::runtime_error("a product with no rows or columns");
  if (product.rows > kMaxSize || product.columns > kMaxSize)
    throw std::runtime_error("a matrix with more than 2^20 rows or columns");
  if (product.batch == 0)
    return;
  std::vector<Command> commands = commands_of(product);
  Turn turn(*this);
  std::vector<std::vector<Result>> results = device_->run(commands, counters_);
  for (size_t i = 0; i < commands.size(); ++i)
    scatter(results[i], i * kMaxBatch, commands[i].batch, product);
}

void Driver::set_memory(const MemoryTiming &timing) {
  Turn turn(*this);
  device_ = std::make_unique<Device>(timing);
}

void Driver::trace(const std::string &path) {
  Turn turn(*this);
  device_->trace(path);
}

Counters Driver::counters() {
  Turn turn(*this);
  return counters_;
}

void Driver::reset_counters() {
  Turn turn(*this);
  counters_ = {};
}

} // namespace seedlm::fpga
