// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "weighted_search.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace seedlm {
namespace {

constexpr size_t kTileSeeds = 512;
// The residual up to which seeds are collected at first follows that up to which
// they are needed, so that it suffices for about 19 blocks of 20.
constexpr float kInitialReach = 0.05f;
constexpr float kLonger = 1.2f;
constexpr float kShorter = 0.99f;
// The part of it up to which seeds are tried at first, and the growth of both
// where that does not suffice.
constexpr float kFirst = 0.5f;
constexpr float kGrowth = 1.4f;
// What rounding in single precision may add to a residual.
constexpr float kSlack = 1e-6f;

float residual_of(float energy) { return 1 - energy * (1 / kEnergyOne); }

} // namespace

WeightedSearch::WeightedSearch(const Orbit &orbit, const WeightedKernel &kernel,
                               bool exact)
    : orbit_(orbit), kernel_(kernel), exact_(exact),
      tiles_((orbit.positions() + kTileSeeds - 1) / kTileSeeds),
      margin_(static_cast<float>(energy_margin(orbit.code()))),
      finisher_(orbit.code()), reach_(kInitialReach), rows_(kBatch) {
  const Code &code = orbit.code();
  view_.latent = code.latent;
  view_.pairs = (code.block + 1) / 2;
  view_.limits = code.limits();
  view_.values = orbit.values();
}

size_t WeightedSearch::tile_words() const {
  return static_cast<size_t>(view_.latent * view_.pairs) * kTileSeeds;
}

void WeightedSearch::start(const BlockVector &importances) {
  for (int c = 0; c < orbit_.code().block; ++c)
    view_.roots[c] = std::sqrt(importances[c]);
  columns_.resize(tiles_ * tile_words());
  shortest_.resize(tiles_ * kTileSeeds);
  for (size_t tile = 0; tile < tiles_; ++tile)
    kernel_.factorize(view_, tile * kTileSeeds, kTileSeeds,
                      &columns_[tile * tile_words()],
                      &shortest_[tile * kTileSeeds]);
  shortest_of_all_ = std::ranges::min(shortest_);
}

void WeightedSearch::run(const BlockSource &source, size_t first, size_t stride,
                         size_t count, Record *records) {
  for (size_t begin = 0; begin < count; begin += kBatch) {
    const size_t size = std::min(kBatch, count - begin);
    Row *open[kBatch];
    size_t indices[kBatch], left = 0;
    for (size_t b = 0; b < size; ++b) {
      const size_t index = first + (begin + b) * stride;
      records[index] = kZeroRecord;
      if (!load(source, index, rows_[left]))
        continue;
      open[left] = &rows_[left];
      indices[left++] = index;
    }
    scan(open, left, reach_);
    for (size_t b = 0; b < left; ++b)
      records[indices[b]] = decide(*open[b]);
  }
}

BlockVector WeightedSearch::weighted(BlockVector block) const {
  for (int c = 0; c < orbit_.code().block; ++c)
    block[c] *= view_.roots[c];
  return block;
}

Basis WeightedSearch::weighted_basis(size_t position) const {
  Basis basis = orbit_.basis(position);
  for (int p = 0; p < view_.latent; ++p)
    basis[p] = weighted(basis[p]);
  return basis;
}

// False if nothing is better than the zero record: if the block has only zeros,
// or all vectors U q of all seeds are twice as long as the block or longer.
bool WeightedSearch::load(const BlockSource &source, size_t index,
                          Row &row) const {
  const Code &code = orbit_.code();
  row.block = weighted(source.block(code, index));
  row.length = length_of(code, row.block);
  if (row.length == 0 ||
      2 * row.length <= shortest_of_all_ * power_of_two(code.exponent_min()))
    return false;
  row.direction = to_fixed(code, normalized(code, row.block, row.length));
  std::fill(std::begin(row.single), std::end(row.single), 0.0f);
  for (int c = 0; c < code.block; ++c)
    row.single[c] = static_cast<float>(row.block[c]);
  return true;
}

// Collects the seeds with residuals up to `reach`.
void WeightedSearch::scan(Row *const *rows, size_t count, float reach) {
  for (size_t b = 0; b < count; ++b) {
    rows[b]->candidates.clear();
    rows[b]->reach = reach;
  }
  for (size_t tile = 0; tile < tiles_; ++tile)
    for (size_t b = 0; b < count; ++b)
      scan_tile(tile, *rows[b]);
}

void WeightedSearch::scan_tile(size_t tile, Row &row) {
  uint32_t indices[kTileSeeds];
  float energies[kTileSeeds];
  const size_t found = kernel_.select(
      view_, &columns_[tile * tile_words()], kTileSeeds, row.direction.data(),
      (1 - row.reach) * kEnergyOne, indices, energies);
  for (size_t i = 0; i < found; ++i) {
    const size_t position = tile * kTileSeeds + indices[i];
    if (position < orbit_.positions())
      row.candidates.push_back(
          {energies[i], static_cast<uint32_t>(position)});
  }
}

Record WeightedSearch::decide(Row &row) {
  const uint32_t position = likely(row);
  finisher_.start(row.block);
  finisher_.try_seed(orbit_.seed(position), weighted_basis(position));
  if (exact_)
    certify(row);
  return finisher_.best();
}

// The position of the seed of least estimated error, among the kMostTrials of
// greatest energy.
uint32_t WeightedSearch::likely(Row &row) {
  best_ = {1, 0};
  float tried = -1, limit = kFirst * reach_;
  size_t count = most_energetic(row);
  while (tried < best_.error + margin_) {
    limit = std::min(limit, best_.error + margin_);
    if (limit > row.reach && count < kMostTrials) {
      scan_again(row, std::max(limit, kGrowth * row.reach));
      count = most_energetic(row);
    }
    try_between(row, count, tried, limit);
    tried = limit;
    limit *= kGrowth;
  }
  reach_ *= tried > reach_ ? kLonger : kShorter;
  return best_.position;
}

// Puts the candidates of greatest energy first, at most kMostTrials, and returns
// how many they are.
size_t WeightedSearch::most_energetic(Row &row) const {
  std::vector<Candidate> &candidates = row.candidates;
  if (candidates.size() <= kMostTrials)
    return candidates.size();
  std::nth_element(candidates.begin(), candidates.begin() + kMostTrials,
                   candidates.end());
  return kMostTrials;
}

// Tries the candidates before `end` with residuals above `low` and up to `high`.
void WeightedSearch::try_between(const Row &row, size_t end, float low,
                                 float high) {
  Candidate batch[kSeedLanes];
  size_t size = 0;
  for (size_t i = 0; i < end; ++i) {
    const float residual = residual_of(row.candidates[i].energy);
    if (!(residual > low && residual <= high))
      continue;
    batch[size++] = row.candidates[i];
    if (size == kSeedLanes)
      try_out(row, batch, std::exchange(size, 0));
  }
  if (size > 0)
    try_out(row, batch, size);
}

void WeightedSearch::try_out(const Row &row, const Candidate *batch,
                             size_t count) {
  uint32_t positions[kSeedLanes];
  float errors[kSeedLanes];
  for (size_t lane = 0; lane < kSeedLanes; ++lane)
    positions[lane] = batch[lane < count ? lane : 0].position;
  kernel_.try_out(view_, positions, row.single, errors);
  const auto energy = static_cast<float>(row.length * row.length);
  for (size_t lane = 0; lane < count; ++lane) {
    // Not below the residual by more than the margin, so that the result does
    // not depend on which other seeds are tried.
    const float error = std::max(
        errors[lane] / energy, residual_of(batch[lane].energy) - margin_);
    if (error < best_.error ||
        (error == best_.error &&
         orbit_.seed(positions[lane]) < orbit_.seed(best_.position)))
      best_ = {error, positions[lane]};
  }
}

// Tries all seeds that could be better than the finisher's record.
void WeightedSearch::certify(Row &row) {
  const auto limit = [this] {
    const double error = finisher_.error() / finisher_.energy();
    return static_cast<float>(error) + margin_ + kSlack;
  };
  if (limit() > row.reach)
    scan_again(row, limit());
  std::vector<Candidate> &candidates = row.candidates;
  std::sort(candidates.begin(), candidates.end());
  // A vector beats zero only if it is shorter than twice the block.
  const double longest =
      2 * row.length / power_of_two(orbit_.code().exponent_min());
  for (const auto &[energy, position] : candidates) {
    if (residual_of(energy) > limit())
      return;
    if (shortest_[position] < longest)
      finisher_.try_seed(orbit_.seed(position), weighted_basis(position));
  }
}

void WeightedSearch::scan_again(Row &row, float reach) {
  Row *const rows[] = {&row};
  scan(rows, 1, reach);
}

} // namespace seedlm
