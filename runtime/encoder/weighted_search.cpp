// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "weighted_search.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

namespace seedlm {
namespace {

// Bytes of columns in a tile at most, which stay in the first cache while
// blocks go over them, and seeds, so that the last tile ends within the padding.
constexpr size_t kTileBytes = 1 << 15;
constexpr size_t kMostTileSeeds = kOrbitPadding / 2;
// Blocks that go over the seeds together, and at first.
constexpr size_t kBatch = 64;
constexpr size_t kFirstBatch = 2;

// How many seeds of least residual get an estimate: the more, the less the
// residual says of the error, which depends on how unequal the importances are,
// by their geometric mean in units of their mean.
constexpr size_t kFewTrials = 128;
constexpr size_t kMostTrials = 4096;
constexpr double kUnequal = 0.04;

// Candidates whose memory a block keeps.
constexpr size_t kKeptCandidates = 1 << 14;

// Seeds are collected up to the greatest residual needed in the batch before,
// times this.
constexpr float kReserve = 1.1f;
constexpr float kInitialReach = 0.05f;
// The part of that up to which seeds are tried at first, and the growth of both
// where that does not suffice.
constexpr float kFirst = 0.6f;
constexpr float kGrowth = 1.4f;
constexpr float kWider = 2;

// What rounding in single precision may add to a residual.
constexpr float kSlack = 1e-6f;

float residual_of(int32_t energy) {
  return 1 - static_cast<float>(energy) * (1 / kWeightedEnergyOne);
}

// Upper bound of the error of a residual: energies are in fixed point, and each
// product Q^T w, at most 1, is off by half of 2^16 / kFixedOne^2 more.
double residual_margin(const Code &code) {
  return energy_margin(code) + 2.01 * std::sqrt(code.latent) * 0x1p-15;
}

} // namespace

WeightedSearch::WeightedSearch(const Orbit &orbit, const WeightedKernel &kernel,
                               bool exact)
    : orbit_(orbit), kernel_(kernel), exact_(exact),
      margin_(static_cast<float>(residual_margin(orbit.code())) + kSlack),
      words_(static_cast<size_t>((orbit.code().block + 1) / 2 *
                                 orbit.code().latent)),
      tile_seeds_(
          std::min(kMostTileSeeds,
                   std::bit_floor(kTileBytes / (words_ * sizeof(int32_t))))),
      tiles_((orbit.positions() + tile_seeds_ - 1) / tile_seeds_),
      values_(orbit.values(),
              orbit.values() + orbit.positions() + kOrbitPadding),
      finisher_(orbit.code()), columns_(tiles_ * tile_seeds_ * words_),
      shortest_(tiles_ * tile_seeds_), reach_(kInitialReach), rows_(kBatch),
      indices_(kSelections * tile_seeds_), energies_(indices_.size()) {
  const Code &code = orbit.code();
  view_ = {code.latent, code.block, code.limits(), orbit.values(), nullptr, {}};
}

void WeightedSearch::start(const BlockVector &importances) {
  view_.single_values = values_.data(); // of this copy of the search
  for (int c = 0; c < orbit_.code().block; ++c)
    view_.roots[c] = std::sqrt(importances[c]);
  trials_ = trials_for(importances);
  const Factorize factorize =
      exact_ ? kernel_.factorize : kernel_.factorize_fast;
  for (size_t tile = 0; tile < tiles_; ++tile)
    factorize(view_, tile * tile_seeds_, tile_seeds_, columns_of(tile),
              &shortest_[tile * tile_seeds_]);
  shortest_of_all_ = std::ranges::min(shortest_);
}

// How many seeds get an estimate with these importances.
size_t WeightedSearch::trials_for(const BlockVector &importances) const {
  const int block = view_.block;
  double sum = 0, product = 1;
  for (int c = 0; c < block; ++c)
    sum += importances[c];
  for (int c = 0; c < block; ++c)
    product *= importances[c] / (sum / block);
  // product is the geometric mean to the power of the block's size.
  const auto is_below = [&](double mean) {
    double power = 1;
    for (int c = 0; c < block; ++c)
      power *= mean;
    return product < power;
  };
  size_t trials = kFewTrials;
  for (double mean = kUnequal; trials < kMostTrials && is_below(mean);
       mean /= 2)
    trials *= 2;
  return trials;
}

void WeightedSearch::run(const BlockSource &source, size_t first, size_t stride,
                         size_t count, Record *records) {
  for (size_t done = 0, batch = kFirstBatch; done < count; batch = kBatch) {
    size_t size = 0;
    for (; done < count && size < batch; ++done) {
      const size_t index = first + done * stride;
      records[index] = kZeroRecord;
      size += load(source, index, rows_[size]);
    }
    scan(rows_.data(), size, reach_, true);
    needed_ = 0;
    for (size_t b = 0; b < size; ++b) {
      records[rows_[b].index] = decide(rows_[b]);
      if (rows_[b].candidates.capacity() > kKeptCandidates)
        std::vector<Candidate>().swap(rows_[b].candidates);
    }
    if (size > 0)
      reach_ = kReserve * std::max(needed_, margin_);
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
  row.index = index;
  row.block = weighted(source.block(code, index));
  row.length = length_of(code, row.block);
  if (row.length == 0 ||
      2 * row.length <= shortest_of_all_ * power_of_two(code.exponent_min()))
    return false;
  const BlockVector unit = normalized(code, row.block, row.length);
  std::ranges::copy(to_fixed(code, unit), row.words);
  std::ranges::fill(row.single, 0.0f);
  for (int c = 0; c < code.block; ++c)
    row.single[c] = static_cast<float>(row.block[c]);
  return true;
}

// Collects the seeds with residuals up to `reach`, with `prune` only as many as
// will be tried: `reach` then sinks on the way.
void WeightedSearch::scan(Row *rows, size_t count, float reach, bool prune) {
  for (size_t b = 0; b < count; ++b) {
    rows[b].candidates.clear();
    rows[b].reach = reach;
  }
  for (size_t tile = 0; tile < tiles_; ++tile) {
    // Of the best seeds, a random part of the tiles rarely has more.
    const double expected = static_cast<double>(trials_ * (tile + 1)) / tiles_;
    const auto most =
        static_cast<size_t>(expected + 4 * std::sqrt(expected) + 8);
    for (size_t b = 0; b < count; b += kSelections)
      scan_tile(tile, rows + b, std::min(kSelections, count - b));
    for (size_t b = 0; prune && b < count; ++b) {
      if (rows[b].candidates.size() < 2 * most)
        continue;
      rows[b].reach = put_first(rows[b], most);
      rows[b].candidates.resize(most);
    }
  }
}

void WeightedSearch::scan_tile(size_t tile, Row *rows, size_t count) {
  Selection selections[kSelections];
  for (size_t s = 0; s < kSelections; ++s) {
    const Row &row = rows[std::min(s, count - 1)];
    const float low = (1 - row.reach - kSlack) * kWeightedEnergyOne;
    selections[s] = {row.words, static_cast<int32_t>(low), 0,
                     &indices_[s * tile_seeds_], &energies_[s * tile_seeds_]};
  }
  kernel_.select(view_, columns_of(tile), tile_seeds_, selections);
  for (size_t s = 0; s < count; ++s)
    for (size_t i = 0; i < selections[s].found; ++i) {
      const size_t position = tile * tile_seeds_ + selections[s].indices[i];
      if (position < orbit_.positions())
        rows[s].candidates.push_back(
            {residual_of(selections[s].energies[i]),
             static_cast<uint32_t>(position)});
    }
}

// Puts the `count` candidates of least residual first and returns the last's.
float WeightedSearch::put_first(Row &row, size_t count) const {
  const auto last = row.candidates.begin() + static_cast<ptrdiff_t>(count) - 1;
  std::nth_element(row.candidates.begin(), last, row.candidates.end());
  return last->residual;
}

Record WeightedSearch::decide(Row &row) {
  find_likely(row);
  finisher_.start(row.block);
  finisher_.try_seed(orbit_.seed(best_.position),
                     weighted_basis(best_.position));
  if (exact_)
    certify(row);
  return finisher_.best();
}

// Finds the seed of least estimated error among those that get an estimate.
void WeightedSearch::find_likely(Row &row) {
  best_ = {1, 0};
  const auto last_residual = [&] {
    return row.candidates.size() < trials_ ? HUGE_VALF
                                           : put_first(row, trials_);
  };
  float tried = -1, limit = kFirst * row.reach, last = last_residual();
  while (tried < std::min(last, best_.error + margin_)) {
    limit = std::min(limit, best_.error + margin_);
    if (limit >= row.reach && row.candidates.size() < trials_) {
      scan(&row, 1, std::max(limit, kWider * row.reach), false);
      last = last_residual();
    }
    limit = std::min(limit, last);
    try_between(row, tried, limit);
    tried = limit;
    limit *= kGrowth;
  }
  needed_ = std::max(needed_, tried);
}

// Tries the first candidates with residuals above `low` and up to `high`.
void WeightedSearch::try_between(const Row &row, float low, float high) {
  Candidate batch[kSeedLanes];
  size_t size = 0;
  const size_t count = std::min(row.candidates.size(), trials_);
  for (size_t i = 0; i < count; ++i) {
    const Candidate candidate = row.candidates[i];
    if (!(candidate.residual > low && candidate.residual <= high))
      continue;
    batch[size++] = candidate;
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
    const float error =
        std::max(errors[lane] / energy, batch[lane].residual - margin_);
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
    return static_cast<float>(error) + margin_;
  };
  if (limit() >= row.reach)
    scan(&row, 1, limit(), false);
  std::ranges::sort(row.candidates);
  // A vector beats zero only if it is shorter than twice the block.
  const double longest =
      2 * row.length / power_of_two(orbit_.code().exponent_min());
  for (const auto &[residual, position] : row.candidates) {
    if (residual > limit())
      return;
    if (shortest_[position] < longest)
      finisher_.try_seed(orbit_.seed(position), weighted_basis(position));
  }
}

} // namespace seedlm
