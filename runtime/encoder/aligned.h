// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Vectors that begin on a cache line.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace seedlm {

template <typename T> struct CacheLineAllocator {
  using value_type = T;

  CacheLineAllocator() = default;
  template <typename U>
  CacheLineAllocator(const CacheLineAllocator<U> &) noexcept {}

  T *allocate(size_t count) {
    return static_cast<T *>(::operator new(count * sizeof(T), kCacheLine));
  }
  void deallocate(T *pointer, size_t) noexcept {
    ::operator delete(pointer, kCacheLine);
  }
  bool operator==(const CacheLineAllocator &) const = default;

private:
  static constexpr std::align_val_t kCacheLine{64};
};

template <typename T>
using AlignedVector = std::vector<T, CacheLineAllocator<T>>;

} // namespace seedlm
