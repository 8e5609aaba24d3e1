// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cell_search.h"

#include <algorithm>
#include <cmath>

namespace seedlm {
namespace {

// What rounding in single precision may add to a residual.
constexpr float kSlack = 1e-6f;
// Growth of the residual up to which seeds are tried.
constexpr float kGrowth = 1.4f;
constexpr float kFirst = 1.1f;
constexpr float kSmoothing = 1.0f / 64;
// Seeds whose columns stay in the first cache while a batch goes over them.
constexpr size_t kStep = 256;
constexpr float kAnyEnergy = 3e38f;
// What rounding in double may add to an angle's cosine or an error.
constexpr double kRounding = 1e-9;

double squared_length(const Code &code, const BlockVector &vector) {
  return dot(code, vector, vector);
}

} // namespace

CellSearch::CellSearch(const Subspaces &subspaces, const Cells &cells,
                       const CellKernel &kernel, SearchOptions options)
    : subspaces_(subspaces), cells_(cells), kernel_(kernel),
      view_(subspaces.view()), options_(options), list_(cells.counts.list),
      margin_(energy_margin(subspaces.code())), finisher_(subspaces.code()),
      columns_(row_words_of(view_.latent, view_.pairs) * list_),
      energies_((kBatch + 1) * list_), indices_(list_) {}

void CellSearch::run(const BlockSource &source,
                     const std::vector<Oriented> &oriented,
                     const uint32_t *indices, size_t count, Record *records,
                     std::vector<uint32_t> &open) {
  const Code &code = subspaces_.code();
  fill(oriented[indices[0]].cell, options_.list);
  for (size_t begin = 0; begin < count; begin += kBatch) {
    const size_t size = std::min(kBatch, count - begin);
    const Oriented *blocks[kBatch];
    for (size_t b = 0; b < size; ++b)
      blocks[b] = &oriented[indices[begin + b]];
    run_batch(blocks, size);
    for (size_t b = 0; b < size; ++b) {
      const uint32_t index = indices[begin + b];
      const size_t position = best_[b].position;
      finisher_.start(source.block(code, index));
      finisher_.try_seed(subspaces_.seed(position), subspaces_.basis(position));
      if (options_.certify && !certify(*blocks[b], b))
        open.push_back(index);
      records[index] = finisher_.best();
    }
  }
}

// Has the first `count` seeds of a cell in columns_.
void CellSearch::fill(uint32_t cell, size_t count) {
  if (cell != cell_)
    filled_ = 0;
  cell_ = cell;
  if (filled_ >= count)
    return;
  kernel_.gather(view_, &cells_.positions[cell * list_ + filled_],
                 count - filled_, columns_at(filled_));
  filled_ = count;
}

void CellSearch::run_batch(const Oriented *const *blocks, size_t count) {
  size_t pending[kBatch];
  for (size_t begin = 0; begin < options_.list; begin += kStep)
    for (size_t b = 0; b < count; ++b)
      kernel_.energies(view_, columns_at(begin),
                       std::min(kStep, options_.list - begin),
                       blocks[b]->direction.data(), energies(b) + begin);
  for (size_t b = 0; b < count; ++b) {
    best_[b] = {1, cells_.positions[cell_ * list_], -1};
    pending[b] = b;
  }
  float residual = kFirst * typical_;
  for (size_t left = count; left > 0; residual *= kGrowth) {
    for (size_t i = 0; i < left; ++i) {
      const size_t b = pending[i];
      collect(b, *blocks[b], std::min(residual, best_[b].error + 2 * kSlack));
    }
    flush();
    const auto is_open = [this](size_t b) {
      return best_[b].tried < best_[b].error + kSlack;
    };
    left = static_cast<size_t>(
        std::partition(pending, pending + left, is_open) - pending);
  }
  for (size_t b = 0; b < count; ++b)
    typical_ += kSmoothing * (best_[b].error - typical_);
}

// Tries the seeds with residuals up to `residual` that are not tried yet.
void CellSearch::collect(size_t b, const Oriented &block, float residual) {
  const float high =
      best_[b].tried < 0 ? kAnyEnergy : (1 - best_[b].tried) * kEnergyOne;
  const size_t found =
      kernel_.select(energies(b), options_.list, (1 - residual) * kEnergyOne,
                     high, indices_.data());
  best_[b].tried = residual;
  for (size_t i = 0; i < found; ++i)
    add_trial(b, block, indices_[i]);
}

void CellSearch::add_trial(size_t b, const Oriented &block, size_t index) {
  const size_t lane = trial_count_++;
  trial_blocks_[lane] = b;
  trials_.positions[lane] = cells_.positions[cell_ * list_ + index];
  trials_.blocks[lane] = block.direction.data();
  trials_.lengths[lane] = block.length;
  trials_.energies[lane] = energies(b)[index];
  if (trial_count_ == kSeedLanes)
    flush();
}

void CellSearch::flush() {
  if (trial_count_ == 0)
    return;
  for (size_t lane = trial_count_; lane < kSeedLanes; ++lane) {
    trials_.positions[lane] = trials_.positions[0];
    trials_.blocks[lane] = trials_.blocks[0];
    trials_.lengths[lane] = trials_.lengths[0];
    trials_.energies[lane] = trials_.energies[0];
  }
  float errors[kSeedLanes];
  kernel_.try_out(view_, trials_, errors);
  for (size_t lane = 0; lane < trial_count_; ++lane) {
    Best &best = best_[trial_blocks_[lane]];
    const uint32_t position = trials_.positions[lane];
    if (errors[lane] < best.error ||
        (errors[lane] == best.error &&
         subspaces_.seed(position) < subspaces_.seed(best.position))) {
      best.error = errors[lane];
      best.position = position;
    }
  }
  trial_count_ = 0;
}

// Tries all seeds of the list that could be better than the finisher's record;
// false if there may be others.
bool CellSearch::certify(const Oriented &block, size_t b) {
  const size_t tried = options_.list;
  try_range(energies(b), 0, tried);
  const size_t end = certain_after(block);
  if (end <= tried)
    return true;
  if (end > list_)
    return false;
  fill(cell_, end);
  float *rest = energies(kBatch);
  kernel_.energies(view_, columns_at(tried), end - tried,
                   block.direction.data(), rest);
  try_range(rest, tried, end);
  return true;
}

// The number of seeds of the list after which no seed can be better than the
// finisher's record; more than the list if there is none.
size_t CellSearch::certain_after(const Oriented &block) const {
  const Code &code = subspaces_.code();
  const BlockVector direction =
      from_fixed(code, direction_of(cells_, view_.pairs, cell_));
  const double length = squared_length(code, direction);
  // The angle to the exact block, which the finisher holds.
  const double product = dot(code, finisher_.block(), direction) *
                         (block.length < 0 ? -1 : 1);
  const double cosine =
      std::min(1.0, product / std::sqrt(finisher_.energy() * length));
  const double error =
      std::min(1.0, finisher_.error() / finisher_.energy() + kRounding);
  const double limit = cosine * std::sqrt(1 - error) -
                       std::sqrt(1 - cosine * cosine) * std::sqrt(error) -
                       kRounding;
  if (limit <= 0 || cosine <= 0)
    return list_ + 1;
  // Energies below this belong to angles beyond the limit.
  const double energy = (limit * limit - margin_) * length *
                        static_cast<double>(kEnergyOne);
  const size_t groups = list_ / kBoundGroup;
  const float *bounds = &cells_.bounds[cell_ * groups];
  const float *first =
      std::partition_point(bounds, bounds + groups,
                           [&](float bound) { return bound >= energy; });
  const auto count = static_cast<size_t>(first - bounds);
  return count == groups ? list_ + 1 : count * kBoundGroup;
}

// Tries seeds begin..end of the list, whose energies for the block are given,
// that could be better than the finisher's record.
void CellSearch::try_range(const float *energies, size_t begin, size_t end) {
  const double error = finisher_.error() / finisher_.energy();
  const auto low = static_cast<float>((1 - error - margin_) *
                                      static_cast<double>(kEnergyOne));
  const size_t found = kernel_.select(energies, end - begin, low, kAnyEnergy,
                                      indices_.data());
  for (size_t i = 0; i < found; ++i) {
    const size_t position =
        cells_.positions[cell_ * list_ + begin + indices_[i]];
    finisher_.try_seed(subspaces_.seed(position), subspaces_.basis(position));
  }
}

} // namespace seedlm
