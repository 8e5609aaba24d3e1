// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The Python module seedlm.codec._native. Private: arguments are checked by
// seedlm.codec.
#include "cell_encoder.h"
#include "encoder.h"
#include "simd.h"
#include "weighted_encoder.h"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <new>
#include <stdexcept>
#include <variant>

namespace nb = nanobind;

namespace {

using namespace seedlm;

template <typename T>
using Array = nb::ndarray<nb::numpy, T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

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

std::vector<std::string> simd_level_names() {
  std::vector<std::string> names;
  for (const SimdLevel &level : simd_levels())
    names.emplace_back(level.name);
  return names;
}

SimdLevel level_of(const std::string &name) {
  for (const SimdLevel &level : simd_levels())
    if (name.empty() || level.name == name)
      return level;
  throw std::invalid_argument("simd level '" + name + "' is not available");
}

// An array that shares the vector's memory; `owner` keeps it alive.
template <typename T> Array<T> view_of(std::vector<T> &values, nb::handle owner) {
  return Array<T>(values.data(), {values.size()}, owner);
}

template <typename T> std::vector<T> copy_of(Array<const T> values) {
  return {values.data(), values.data() + values.size()};
}

// Positions as a file has them: those of a narrow register need 16 bits.
using Positions = std::variant<Array<const uint16_t>, Array<const uint32_t>>;

std::vector<uint32_t> copy_of(const Positions &positions) {
  return std::visit(
      [](const auto &values) {
        return std::vector<uint32_t>(values.data(),
                                     values.data() + values.size());
      },
      positions);
}

// Cells with the code that they are for.
struct CellTable {
  std::shared_ptr<const Subspaces> subspaces;
  Cells cells;
};

CellTable build_table(const Code &code, uint32_t outer, uint32_t inner,
                      uint32_t list, int threads, const std::string &simd) {
  const SimdLevel level = level_of(simd);
  const nb::gil_scoped_release release;
  auto subspaces = std::make_shared<const Subspaces>(code);
  Cells cells =
      build_cells(*subspaces, level.cells, {outer, inner, list}, threads);
  return {std::move(subspaces), std::move(cells)};
}

CellTable table_of(const Code &code, uint32_t outer, uint32_t inner,
                   uint32_t list, Array<const int32_t> outer_directions,
                   Array<const int32_t> inner_directions,
                   const Positions &positions, Array<const float> bounds) {
  const CellCounts counts{outer, inner, list};
  const auto pairs = static_cast<size_t>(code.block + 1) / 2;
  std::vector<uint32_t> seeds = copy_of(positions);
  if (outer_directions.size() != pairs * outer ||
      inner_directions.size() != pairs * counts.cells() ||
      seeds.size() != counts.cells() * list ||
      bounds.size() != seeds.size() / kBoundGroup)
    throw std::invalid_argument("arrays do not fit the cell counts");
  for (const uint32_t position : seeds)
    if (position >= code.seeds())
      throw std::invalid_argument("a position is out of range");
  return {std::make_shared<const Subspaces>(code),
          {counts, copy_of(outer_directions), copy_of(inner_directions),
           std::move(seeds), copy_of(bounds)}};
}

using Weights =
    nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

BlockSource source_of(const Code &code, Weights blocks,
                      Array<const float> scales) {
  if (blocks.shape(1) != static_cast<size_t>(code.block))
    throw std::invalid_argument("blocks do not have the code's size");
  if (scales.size() != blocks.shape(0))
    throw std::invalid_argument("there is not a scale for each block");
  return {blocks.data(), scales.data(), blocks.shape(0)};
}

nb::tuple fields_of(const Code &code, const BlockSource &source, int threads,
                    const std::vector<Record> &records) {
  auto errors = make_array<double, 1>({records.size()});
  {
    const nb::gil_scoped_release release;
    decoded_errors(code, source, records.data(), nullptr, 1, threads,
                   errors.data());
  }
  const auto latent = static_cast<size_t>(code.latent);
  auto seeds = make_array<uint32_t, 1>({records.size()});
  auto coefficients = make_array<int8_t, 2>({records.size(), latent});
  auto exponents = make_array<int8_t, 1>({records.size()});
  for (size_t i = 0; i < records.size(); ++i) {
    seeds.data()[i] = records[i].seed;
    for (size_t p = 0; p < latent; ++p)
      coefficients.data()[i * latent + p] = records[i].coefficients[p];
    exponents.data()[i] = records[i].exponent;
  }
  return nb::make_tuple(seeds, coefficients, exponents, errors);
}

nb::tuple encode_blocks(Weights blocks, Array<const float> scales,
                        const Code &code, int threads,
                        const std::string &simd) {
  const SimdLevel level = level_of(simd);
  const BlockSource source = source_of(code, blocks, scales);
  std::vector<Record> records(source.count);
  {
    const nb::gil_scoped_release release;
    encode(code, level.scan, source, threads, records.data());
  }
  return fields_of(code, source, threads, records);
}

nb::tuple encode_by_table(const CellTable &table, Weights blocks,
                          Array<const float> scales, uint32_t list,
                          bool certify, int threads, const std::string &simd) {
  const SimdLevel level = level_of(simd);
  const Code &code = table.subspaces->code();
  const BlockSource source = source_of(code, blocks, scales);
  list = std::min(list, table.cells.counts.list) / kBoundGroup * kBoundGroup;
  std::vector<Record> records(source.count);
  {
    const nb::gil_scoped_release release;
    encode_by_cells(*table.subspaces, table.cells, level, source,
                    {list, certify}, threads, records.data());
  }
  return fields_of(code, source, threads, records);
}

using Importances =
    nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

nb::tuple encode_with_importances(Weights blocks, Array<const float> scales,
                                  const Code &code, Importances importances,
                                  Importances measured, bool exact, int threads,
                                  const std::string &simd) {
  const SimdLevel level = level_of(simd);
  const BlockSource source = source_of(code, blocks, scales);
  const size_t columns = importances.shape(0);
  for (const Importances &array : {importances, measured})
    if (array.shape(0) != columns ||
        array.shape(1) != static_cast<size_t>(code.block))
      throw std::invalid_argument("importances do not have the code's size");
  if (columns == 0 || source.count % columns != 0)
    throw std::invalid_argument("blocks are not rows of the importances");
  std::vector<Record> records(source.count);
  auto errors = make_array<double, 1>({records.size()});
  {
    const nb::gil_scoped_release release;
    encode_weighted(code, level, source, importances.data(), columns, exact,
                    threads, records.data());
    decoded_errors(code, source, records.data(), measured.data(), columns,
                   threads, errors.data());
  }
  return nb::tuple(fields_of(code, source, threads, records) +
                   nb::make_tuple(errors));
}

} // namespace

NB_MODULE(_native, m) {
  nb::class_<Code>(m, "NativeCode")
      .def(
          "__init__",
          [](Code *self, int block, int latent, int lfsr_width,
             uint32_t tap_mask, int coefficient_bits, int exponent_bits,
             int basis_bits) {
            new (self) Code{block,     latent,           lfsr_width,
                                    tap_mask,  coefficient_bits, exponent_bits,
                                    basis_bits};
          },
          nb::kw_only(), nb::arg("block"), nb::arg("latent"),
          nb::arg("lfsr_width"), nb::arg("tap_mask"),
          nb::arg("coefficient_bits"), nb::arg("exponent_bits"),
          nb::arg("basis_bits"));
  nb::class_<CellTable>(m, "CellTable")
      .def_static("build", &build_table, nb::arg("code"), nb::kw_only(),
                  nb::arg("outer"), nb::arg("inner"), nb::arg("seeds"),
                  nb::arg("threads"), nb::arg("simd") = "")
      .def_static("of", &table_of, nb::arg("code"), nb::kw_only(),
                  nb::arg("outer"), nb::arg("inner"), nb::arg("seeds"),
                  nb::arg("outer_directions"), nb::arg("inner_directions"),
                  nb::arg("positions"), nb::arg("bounds"))
      .def_prop_ro("outer_directions",
                   [](nb::handle_t<CellTable> self) {
                     return view_of(nb::cast<CellTable &>(self).cells.outer,
                                    self);
                   })
      .def_prop_ro("inner_directions",
                   [](nb::handle_t<CellTable> self) {
                     return view_of(nb::cast<CellTable &>(self).cells.inner,
                                    self);
                   })
      .def_prop_ro("positions",
                   [](nb::handle_t<CellTable> self) {
                     return view_of(nb::cast<CellTable &>(self).cells.positions,
                                    self);
                   })
      .def_prop_ro("bounds",
                   [](nb::handle_t<CellTable> self) {
                     return view_of(nb::cast<CellTable &>(self).cells.bounds,
                                    self);
                   })
      .def("encode_blocks", &encode_by_table, nb::arg("blocks"),
           nb::arg("scales"), nb::kw_only(), nb::arg("seeds"),
           nb::arg("certify"), nb::arg("threads"), nb::arg("simd") = "");
  m.def("simd_levels", &simd_level_names);
  m.def("encode_blocks", &encode_blocks, nb::arg("blocks"), nb::arg("scales"),
        nb::arg("code"), nb::kw_only(), nb::arg("threads"),
        nb::arg("simd") = "");
  m.def("encode_weighted", &encode_with_importances, nb::arg("blocks"),
        nb::arg("scales"), nb::arg("code"), nb::kw_only(),
        nb::arg("importances"), nb::arg("measured"), nb::arg("exact"),
        nb::arg("threads"), nb::arg("simd") = "");
}
