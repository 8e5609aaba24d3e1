// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tables.h"

#include <algorithm>
#include <cmath>
#include <list>
#include <mutex>

namespace seedlm {
namespace {

constexpr double kSingleRounding = 0x1p-24;
constexpr size_t kCachedTables = 4;

// The least diagonal of R bounds |R q| from below: q's last entry that is not
// zero contributes at least that. Rounded down to be a bound in single
// precision too.
float shortest_of(int latent, const Triangle &r) {
  double least = r[0][0];
  for (int k = 1; k < latent; ++k)
    least = std::min(least, r[k][k]);
  return static_cast<float>(least * (1 - 0x1p-20));
}

} // namespace

Tables::Tables(const Code &code)
    : orbit_(code), seed_tiles_((code.seeds() + kTile - 1) / kTile),
      entries_(static_cast<size_t>(code.latent * (code.latent + 1) / 2)) {
  const size_t padded = seed_tiles_ * kTile;
  const size_t windows =
      1 + padded + kTileOverrun + static_cast<size_t>(code.block * code.latent);
  values_.assign(orbit_.values(), orbit_.values() + windows);
  inverse_.resize(padded * entries_);
  shortest_.resize(positions());
  for (size_t position = 0; position < positions(); ++position)
    add(position);
  shortest_of_all_ = std::ranges::min(shortest_);
}

void Tables::add(size_t position) {
  const Factors factors = factorize(code(), orbit_.basis(position));
  shortest_[position] = shortest_of(code().latent, factors.r);
  const Triangle inverse = inverse_of(code().latent, factors.r);
  if (!(frobenius_norm(inverse) <= kInverseLimit))
    return add_hard(position, factors);
  float *entry =
      &inverse_[position / kLanes * entries_ * kLanes + position % kLanes];
  for (int k = 0; k < code().latent; ++k) {
    for (int m = 0; m <= k; ++m, entry += kLanes)
      *entry = static_cast<float>(inverse[m][k]);
  }
}

void Tables::add_hard(size_t position, const Factors &factors) {
  const size_t lane = hard_.size() % kTile;
  hard_.push_back(static_cast<uint32_t>(position));
  const size_t rows = static_cast<size_t>(code().latent * code().block);
  hard_q_.resize(hard_tiles() * rows * kTile);
  float *entry = &hard_q_[(hard_tiles() - 1) * rows * kTile + lane];
  for (int p = 0; p < code().latent; ++p) {
    for (int c = 0; c < code().block; ++c, entry += kTile)
      *entry = static_cast<float>(factors.q[p][c]);
  }
}

size_t Tables::position(size_t tile, size_t lane) const {
  if (tile < seed_tiles_)
    return tile * kTile + lane;
  const size_t index = (tile - seed_tiles_) * kTile + lane;
  return index < hard_.size() ? hard_[index] : positions();
}

ScanView Tables::view() const {
  return {code().block,    code().latent,    seed_tiles_,   hard_tiles(),
          values_.data(), inverse_.data(), hard_q_.data()};
}

// With u the rounding unit, a projection z is off by at most (C + 3) u |U_p|,
// each row of R^-T z by (C + P + 5) u |U_p| times the row's 1-norm, and the
// energy by twice the length of that.
double Tables::margin() const {
  const double half = 1 << (code().basis_bits - 1);
  const double column = std::sqrt(code().block) * half / (half - 1);
  return 4 * (code().block + code().latent + 6) * kSingleRounding * column *
         kInverseLimit;
}

std::shared_ptr<const Tables> Tables::of(const Code &code) {
  static std::mutex mutex;
  static std::list<std::shared_ptr<const Tables>> cache;
  const std::lock_guard lock(mutex);
  auto found = std::ranges::find_if(
      cache, [&](const auto &t) { return t->code() == code; });
  if (found == cache.end()) {
    cache.push_front(std::make_shared<const Tables>(code));
    if (cache.size() > kCachedTables)
      cache.pop_back();
    return cache.front();
  }
  cache.splice(cache.begin(), cache, found);
  return cache.front();
}

} // namespace seedlm
