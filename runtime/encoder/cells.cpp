// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cells.h"

#include "cell_lists.h"
#include "parallel.h"

#include <cmath>
#include <cstring>

namespace seedlm {
namespace {

constexpr int kIterations = 6;
constexpr size_t kOuterSamples = 300; // a cell
constexpr size_t kInnerSamples = 16;

using Sums = std::array<int64_t, kMaxBlock>;
using Components = std::array<int16_t, kMaxBlock>;

// SplitMix64 (Steele, Lea and Flood 2014), by index.
uint64_t random_bits(uint64_t index) {
  uint64_t z = (index + 1) * 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// The sum of eight uniform numbers, nearly normal; without library functions
// whose last bits differ between systems.
double random_normal(uint64_t index) {
  int sum = 0;
  for (const uint64_t bits : {random_bits(2 * index), random_bits(2 * index + 1)})
    for (int shift = 0; shift < 64; shift += 16)
      sum += static_cast<int>(bits >> shift & 0xffff) - 0x8000;
  return sum;
}

FixedVector unit(const Code &code, BlockVector vector) {
  const double length = std::sqrt(dot(code, vector, vector));
  for (int c = 0; c < code.block && length > 0; ++c)
    vector[c] /= length;
  return to_fixed(code, vector);
}

FixedVector random_direction(const Code &code, uint64_t index) {
  BlockVector vector{};
  for (int c = 0; c < code.block; ++c)
    vector[c] = random_normal(index * kMaxBlock + c);
  return unit(code, vector);
}

// k-means of unit vectors; `both_signs` takes a vector and its opposite as one.
// Sums are of integers, so that their order does not matter.
class Clustering {
public:
  Clustering(const Code &code, const CellKernel &kernel, bool both_signs)
      : code_(code), kernel_(kernel), pairs_((code.block + 1) / 2),
        both_signs_(both_signs) {}

  // Writes `count` centres [pairs][count].
  void run(const std::vector<FixedVector> &samples, size_t count,
           int32_t *centres) const {
    for (size_t k = 0; k < count; ++k)
      put(samples[k * samples.size() / count], k, count, centres);
    for (int i = 0; i < kIterations; ++i)
      improve(samples, count, centres);
  }

private:
  void put(const FixedVector &vector, size_t k, size_t count,
           int32_t *centres) const {
    for (int i = 0; i < pairs_; ++i)
      centres[i * count + k] = vector[i];
  }

  void improve(const std::vector<FixedVector> &samples, size_t count,
               int32_t *centres) const {
    std::vector<Sums> sums(count);
    for (const FixedVector &sample : samples) {
      int32_t product;
      Sums &sum = sums[kernel_.nearest(centres, count, pairs_, sample.data(),
                                       both_signs_, &product)];
      const auto components = std::bit_cast<Components>(sample);
      for (int c = 0; c < code_.block; ++c)
        sum[c] += product < 0 && both_signs_ ? -components[c] : components[c];
    }
    for (size_t k = 0; k < count; ++k) {
      BlockVector centre{};
      for (int c = 0; c < code_.block; ++c)
        centre[c] = static_cast<double>(sums[k][c]);
      if (dot(code_, centre, centre) > 0)
        put(unit(code_, centre), k, count, centres);
    }
  }

  const Code code_;
  const CellKernel &kernel_;
  const int pairs_;
  const bool both_signs_;
};

void cluster(const Code &code, const CellKernel &kernel, int threads,
             Cells &cells) {
  const int pairs = (code.block + 1) / 2;
  const auto [outer, inner, list] = cells.counts;
  std::vector<FixedVector> samples(outer * kOuterSamples);
  for (size_t i = 0; i < samples.size(); ++i)
    samples[i] = random_direction(code, i);
  Clustering(code, kernel, true).run(samples, outer, cells.outer.data());

  std::vector<std::vector<FixedVector>> members(outer);
  const size_t first = samples.size();
  for (size_t i = 0; i < cells.counts.cells() * kInnerSamples; ++i) {
    const FixedVector sample = random_direction(code, first + i);
    int32_t product;
    const uint32_t k = kernel.nearest(cells.outer.data(), outer, pairs,
                                      sample.data(), true, &product);
    members[k].push_back(product < 0 ? negated(sample) : sample);
  }
  parallel_for(outer, 1, threads, [&](size_t begin, size_t end) {
    for (size_t k = begin; k < end; ++k)
      if (!members[k].empty())
        Clustering(code, kernel, false)
            .run(members[k], inner, &cells.inner[k * pairs * inner]);
  });
}

} // namespace

FixedVector negated(const FixedVector &vector) {
  auto components = std::bit_cast<Components>(vector);
  for (int16_t &component : components)
    component = static_cast<int16_t>(-component);
  return std::bit_cast<FixedVector>(components);
}

FixedVector direction_of(const Cells &cells, int pairs, uint32_t cell) {
  const uint32_t inner = cells.counts.inner;
  const int32_t *directions =
      &cells.inner[static_cast<size_t>(cell / inner) * pairs * inner];
  FixedVector direction{};
  for (int i = 0; i < pairs; ++i)
    direction[i] = directions[i * inner + cell % inner];
  return direction;
}

CellPlace place_of(const Cells &cells, const CellKernel &kernel, int pairs,
                   const FixedVector &vector) {
  const auto [outer, inner, list] = cells.counts;
  int32_t product, ignored;
  const uint32_t k = kernel.nearest(cells.outer.data(), outer, pairs,
                                    vector.data(), true, &product);
  const FixedVector oriented = product < 0 ? negated(vector) : vector;
  const uint32_t i =
      kernel.nearest(&cells.inner[static_cast<size_t>(k) * pairs * inner],
                     inner, pairs, oriented.data(), false, &ignored);
  return {k * inner + i, product < 0 ? -1 : 1};
}

Cells build_cells(const Subspaces &subspaces, const CellKernel &kernel,
                  CellCounts counts, int threads) {
  const Code &code = subspaces.code();
  const size_t pairs = static_cast<size_t>(code.block + 1) / 2;
  counts.list = counts.list / kBoundGroup * kBoundGroup;
  Cells cells{counts, {}, {}, {}, {}};
  cells.outer.resize(pairs * counts.outer);
  cells.inner.resize(pairs * counts.cells());
  cells.positions.resize(counts.cells() * counts.list);
  cells.bounds.resize(cells.positions.size() / kBoundGroup);
  cluster(code, kernel, threads, cells);
  list_seeds(subspaces, kernel, threads, cells);
  return cells;
}

} // namespace seedlm
