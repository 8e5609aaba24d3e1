// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What IREE's runtime expects of an executable plugin, version 0.1: only what this one needs.
//
// The runtime loads the library, calls `iree_hal_executable_plugin_query` and gets a pointer to a
// table whose first entry points to a header.
#pragma once

#include <cstddef>
#include <cstdint>

namespace seedlm::fpga::iree {

inline constexpr uint32_t kVersion = 1;

// A status is a pointer whose value is the code, 0 for success.
using Status = void *;
inline const Status kOk = nullptr;
inline const Status kNotFound = reinterpret_cast<Status>(uintptr_t{5});

// Bit of a resolution: a symbol that the executable can do without is not there.
inline constexpr uint32_t kMissingOptional = 1;

struct Header {
  uint32_t version;
  const char *name;
  const char *description;
  uint32_t features;
  int32_t sanitizer;
  uint64_t reserved[8];
};

// Symbols to find. A name that begins with '?' is optional.
struct ResolveParameters {
  size_t count;
  const char *const *names;
  void **functions;
  void **contexts;
};

struct Plugin {
  const Header *header;
  Status (*load)(const void *environment, size_t count, const void *parameters, void **self);
  void (*unload)(void *self);
  Status (*resolve)(void *self, const ResolveParameters *parameters, uint32_t *resolution);
};

// How executables call a symbol: with its results and arguments packed like a C struct. Anything
// but 0 means failure.
using Function = int (*)(void *parameters, void *context, void *reserved);

} // namespace seedlm::fpga::iree
