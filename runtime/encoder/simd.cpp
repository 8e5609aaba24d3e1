// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "simd.h"

namespace seedlm {

namespace baseline {
extern const ScanKernel kernel;
}
#ifdef SEEDLM_X86_64
namespace avx2 {
extern const ScanKernel kernel;
}
namespace avx512 {
extern const ScanKernel kernel;
}
#endif

std::vector<const ScanKernel *> scan_kernels() {
  std::vector<const ScanKernel *> kernels;
#ifdef SEEDLM_X86_64
  const bool v3 = __builtin_cpu_supports("avx2") &&
                  __builtin_cpu_supports("fma") &&
                  __builtin_cpu_supports("bmi2");
  if (v3 && __builtin_cpu_supports("avx512f") &&
      __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512cd") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    kernels.push_back(&avx512::kernel);
  if (v3)
    kernels.push_back(&avx2::kernel);
#endif
  kernels.push_back(&baseline::kernel);
  return kernels;
}

} // namespace seedlm
