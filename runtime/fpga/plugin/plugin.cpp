// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The entry points of the plugin in IREE's runtime.
#include <cstdio>
#include <cstring>
#include <exception>

#include "driver.h"
#include "executable_plugin.h"
#include "seedlm_parameters.h"

namespace seedlm::fpga {
namespace {

// The arguments of the imported function, as IREE packs them. Offsets count elements.
struct Arguments {
  const uint8_t *codes;
  size_t codes_offset;
  const int16_t *activations;
  size_t activations_offset;
  int64_t *results;
  size_t results_offset;
  size_t rows;
  size_t columns;
  size_t batch;
};

int multiply(void *parameters, void *, void *) {
  const auto &a = *static_cast<const Arguments *>(parameters);
  try {
    Driver::instance().multiply({a.codes + a.codes_offset, a.activations + a.activations_offset,
                                 a.results + a.results_offset, nullptr, a.rows, a.columns,
                                 a.batch});
    return 0;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "seedlm fpga: %s\n", error.what());
    return 1;
  }
}

iree::Status load(const void *, size_t, const void *, void **self) {
  *self = nullptr;
  return iree::kOk;
}

void unload(void *) {}

iree::Status resolve(void *, const iree::ResolveParameters *wanted, uint32_t *resolution) {
  iree::Status status = iree::kOk;
  *resolution = 0;
  for (size_t i = 0; i < wanted->count; ++i) {
    if (wanted->functions[i])
      continue;
    bool optional = wanted->names[i][0] == '?';
    if (std::strcmp(wanted->names[i] + optional, kSymbol) == 0) {
      wanted->functions[i] = reinterpret_cast<void *>(static_cast<iree::Function>(multiply));
      wanted->contexts[i] = nullptr;
    } else if (optional) {
      *resolution |= iree::kMissingOptional;
    } else {
      status = iree::kNotFound;
    }
  }
  return status;
}

constexpr iree::Header kHeader = {
    iree::kVersion, "seedlm-fpga", "simulated SeedLM matrix-vector engine", 0, 0, {}};
constexpr iree::Plugin kPlugin = {&kHeader, load, unload, resolve};

} // namespace
} // namespace seedlm::fpga

extern "C" __attribute__((visibility("default"))) const seedlm::fpga::iree::Plugin *
iree_hal_executable_plugin_query(uint32_t max_version, void *) {
  return max_version >= seedlm::fpga::iree::kVersion ? &seedlm::fpga::kPlugin : nullptr;
}
