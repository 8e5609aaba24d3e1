// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "simd.h"

namespace seedlm {

namespace baseline {
extern const ScanKernel kernel;
extern const CellKernel cell_kernel;
extern const WeightedKernel weighted_kernel;
} // namespace baseline
#ifdef SEEDLM_X86_64
namespace avx2 {
extern const ScanKernel kernel;
extern const CellKernel cell_kernel;
extern const WeightedKernel weighted_kernel;
} // namespace avx2
namespace avx512 {
extern const ScanKernel kernel;
extern const CellKernel cell_kernel;
extern const WeightedKernel weighted_kernel;
} // namespace avx512
namespace vnni {
extern const CellKernel cell_kernel;
extern const WeightedKernel weighted_kernel;
}
#endif

std::vector<SimdLevel> simd_levels() {
  std::vector<SimdLevel> levels;
#ifdef SEEDLM_X86_64
  const bool v3 = __builtin_cpu_supports("avx2") &&
                  __builtin_cpu_supports("fma") &&
                  __builtin_cpu_supports("bmi2");
  const bool v4 =
      v3 && __builtin_cpu_supports("avx512f") &&
      __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512cd") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (v4 && __builtin_cpu_supports("avx512vnni"))
    levels.push_back({"avx512-vnni", avx512::kernel, vnni::cell_kernel,
                      vnni::weighted_kernel});
  if (v4)
    levels.push_back({"avx512", avx512::kernel, avx512::cell_kernel,
                      avx512::weighted_kernel});
  if (v3)
    levels.push_back({"avx2", avx2::kernel, avx2::cell_kernel,
                      avx2::weighted_kernel});
#endif
  levels.push_back({"baseline", baseline::kernel, baseline::cell_kernel,
                      baseline::weighted_kernel});
  return levels;
}

} // namespace seedlm
