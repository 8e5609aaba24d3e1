// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What Python calls. A function returns null, or the reason why it could not do its work, which
// stays valid until the calling thread's next call.
#include <exception>
#include <string>

#include "driver.h"

using seedlm::fpga::Counters;
using seedlm::fpga::Driver;
using seedlm::fpga::MemoryTiming;
using seedlm::fpga::Product;

#define SEEDLM_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

template <typename Call> const char *guarded(const Call &call) {
  static thread_local std::string reason;
  try {
    call();
    return nullptr;
  } catch (const std::exception &error) {
    reason = error.what();
    return reason.c_str();
  }
}

} // namespace

SEEDLM_EXPORT const char *seedlm_fpga_multiply(const Product *product) {
  return guarded([&] { Driver::instance().multiply(*product); });
}

SEEDLM_EXPORT const char *seedlm_fpga_set_memory(const MemoryTiming *timing) {
  return guarded([&] { Driver::instance().set_memory(*timing); });
}

SEEDLM_EXPORT const char *seedlm_fpga_trace(const char *path) {
  return guarded([&] { Driver::instance().trace(path); });
}

SEEDLM_EXPORT const char *seedlm_fpga_counters(Counters *counters) {
  return guarded([&] { *counters = Driver::instance().counters(); });
}

SEEDLM_EXPORT const char *seedlm_fpga_reset_counters() {
  return guarded([] { Driver::instance().reset_counters(); });
}
