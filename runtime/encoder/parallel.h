// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loops on threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace seedlm {

// Calls work(begin, end) for consecutive ranges of at most `step` that cover
// 0..count, each on one of at most `threads` threads with its own copy of
// `work`.
template <typename Work>
void parallel_for(size_t count, size_t step, int threads, const Work &work) {
  std::atomic<size_t> next = 0;
  const auto loop = [&](Work own) {
    for (size_t begin; (begin = next.fetch_add(step)) < count;)
      own(begin, std::min(count, begin + step));
  };
  const size_t workers =
      std::min(static_cast<size_t>(threads), (count + step - 1) / step);
  std::vector<std::jthread> running;
  for (size_t i = 1; i < workers; ++i)
    running.emplace_back(loop, work);
  loop(work);
}

} // namespace seedlm
