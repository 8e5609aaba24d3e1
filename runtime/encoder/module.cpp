// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The Python module seedlm.codec._native. Private: arguments are checked by
// seedlm.codec.
#include "encoder.h"
#include "simd.h"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <new>
#include <stdexcept>

namespace nb = nanobind;

namespace {

using Blocks =
    nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

template <typename T, size_t N>
using Output = nb::ndarray<nb::numpy, T, nb::ndim<N>>;

// An array of uninitialised values that Python owns.
template <typename T, size_t N>
Output<T, N> make_array(const size_t (&shape)[N]) {
  size_t size = 1;
  for (const size_t extent : shape)
    size *= extent;
  auto data = std::make_unique<T[]>(size);
  nb::capsule owner(data.get(), [](void *pointer) noexcept {
    delete[] static_cast<T *>(pointer);
  });
  return Output<T, N>(data.release(), N, shape, owner);
}

std::vector<std::string> simd_levels() {
  std::vector<std::string> names;
  for (const seedlm::ScanKernel *kernel : seedlm::scan_kernels())
    names.emplace_back(kernel->name);
  return names;
}

const seedlm::ScanKernel &kernel_of(const std::string &name) {
  const auto kernels = seedlm::scan_kernels();
  if (name.empty())
    return *kernels.front();
  for (const seedlm::ScanKernel *kernel : kernels)
    if (kernel->name == name)
      return *kernel;
  throw std::invalid_argument("simd level '" + name + "' is not available");
}

nb::tuple encode_blocks(Blocks blocks, float scale, const seedlm::Code &code,
                        int threads, const std::string &simd) {
  const size_t count = blocks.shape(0);
  if (blocks.shape(1) != static_cast<size_t>(code.block))
    throw std::invalid_argument("blocks do not have the code's size");
  const auto latent = static_cast<size_t>(code.latent);
  std::vector<seedlm::Record> records(count);
  {
    const seedlm::ScanKernel &kernel = kernel_of(simd);
    const nb::gil_scoped_release release;
    seedlm::encode(code, kernel, blocks.data(), count, scale, threads,
                   records.data());
  }
  auto seeds = make_array<uint32_t, 1>({count});
  auto coefficients = make_array<int8_t, 2>({count, latent});
  auto exponents = make_array<int8_t, 1>({count});
  for (size_t i = 0; i < count; ++i) {
    seeds.data()[i] = records[i].seed;
    for (size_t p = 0; p < latent; ++p)
      coefficients.data()[i * latent + p] = records[i].coefficients[p];
    exponents.data()[i] = records[i].exponent;
  }
  return nb::make_tuple(seeds, coefficients, exponents);
}

} // namespace

NB_MODULE(_native, m) {
  nb::class_<seedlm::Code>(m, "NativeCode")
      .def(
          "__init__",
          [](seedlm::Code *self, int block, int latent, int lfsr_width,
             uint32_t tap_mask, int coefficient_bits, int exponent_bits,
             int basis_bits) {
            new (self) seedlm::Code{block,     latent,           lfsr_width,
                                    tap_mask,  coefficient_bits, exponent_bits,
                                    basis_bits};
          },
          nb::kw_only(), nb::arg("block"), nb::arg("latent"),
          nb::arg("lfsr_width"), nb::arg("tap_mask"),
          nb::arg("coefficient_bits"), nb::arg("exponent_bits"),
          nb::arg("basis_bits"));
  m.def("simd_levels", &simd_levels);
  m.def("encode_blocks", &encode_blocks, nb::arg("blocks"), nb::arg("scale"),
        nb::arg("code"), nb::kw_only(), nb::arg("threads"),
        nb::arg("simd") = "");
}
