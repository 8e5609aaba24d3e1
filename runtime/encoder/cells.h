// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Directions of blocks, grouped into cells, and the seeds near each.
#pragma once

#include "subspaces.h"

#include <cstdint>
#include <vector>

namespace seedlm {

// How many cells there are, outer times inner, and the length of a list.
struct CellCounts {
  uint32_t outer;
  uint32_t inner;
  uint32_t list;

  size_t cells() const { return static_cast<size_t>(outer) * inner; }
};

// Seeds of a list that share a bound of their energy.
constexpr size_t kBoundGroup = 32;

// Unit vectors are divided into `outer` cells around pairs of opposite
// directions, and each into `inner` cells around directions. The list of an
// inner cell has the seeds of greatest energy for its direction, in descending
// order; among equals, positions ascend.
struct Cells {
  CellCounts counts;
  std::vector<int32_t> outer;      // [pairs][outer] fixed vectors
  std::vector<int32_t> inner;      // [outer][pairs][inner]
  std::vector<uint32_t> positions; // [cells][list]
  // [cells][list / kBoundGroup]: the greatest energy in each group for the
  // cell's direction as it is in fixed point, in units of 1 / kEnergyOne.
  std::vector<float> bounds;
};

// A cell, and the sign that takes a vector to its side.
struct CellPlace {
  uint32_t cell;
  int sign;
};

CellPlace place_of(const Cells &cells, const CellKernel &kernel, int pairs,
                   const FixedVector &vector);

FixedVector negated(const FixedVector &vector);

// The direction of a cell.
FixedVector direction_of(const Cells &cells, int pairs, uint32_t cell);

// Spherical k-means of random directions, then a scan of all seeds for each
// cell. The same at any number of threads and on any processor. `list` is
// rounded to a multiple of kBoundGroup and must not exceed the seeds.
Cells build_cells(const Subspaces &subspaces, const CellKernel &kernel,
                  CellCounts counts, int threads);

} // namespace seedlm
