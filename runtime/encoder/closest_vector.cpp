// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "closest_vector.h"

#include <algorithm>
#include <cmath>

namespace seedlm {
namespace {

class Enumeration {
public:
  Enumeration(const Code &code, const Factors &factors, const Latent &y,
              double step, double &bound, Coefficients &best)
      : low_(code.coefficient_min()), high_(code.coefficient_max()),
        factors_(factors), y_(y), step_(step), bound_(bound), best_(best) {}

  // Fixes coefficients k, k-1, .., 0 given the ones above, whose part of the
  // error is `error`.
  bool descend(int k, int latent, double error) {
    if (k < 0)
      return accept(latent, error);
    double target = y_[k];
    for (int m = k + 1; m < latent; ++m)
      target -= step_ * factors_.r[k][m] * q_[m];
    const double spacing = step_ * factors_.r[k][k];
    const double centre = spacing > 0 ? clamped(target / spacing) : 0;
    int below = static_cast<int>(rounded(centre));
    int above = below + 1;
    bool found = false;
    // Candidates in order of distance, so that the first one too far ends the
    // level.
    while (below >= low_ || above <= high_) {
      const bool take_below =
          above > high_ || (below >= low_ && centre - below <= above - centre);
      q_[k] = static_cast<int8_t>(take_below ? below-- : above++);
      const double distance = target - spacing * q_[k];
      const double sum = error + distance * distance;
      if (!(sum < bound_))
        break;
      found |= descend(k - 1, latent, sum);
    }
    return found;
  }

private:
  double clamped(double value) const {
    return std::clamp(value, static_cast<double>(low_),
                      static_cast<double>(high_));
  }

  bool accept(int latent, double error) {
    bound_ = error;
    std::copy_n(q_.begin(), latent, best_.begin());
    return true;
  }

  const int low_, high_;
  const Factors &factors_;
  const Latent &y_;
  const double step_;
  double &bound_;
  Coefficients &best_;
  Coefficients q_{};
};

} // namespace

bool closest_vector(const Code &code, const Factors &factors, const Latent &y,
                    double step, double &bound, Coefficients &q) {
  return Enumeration(code, factors, y, step, bound, q)
      .descend(code.latent - 1, code.latent, 0);
}

} // namespace seedlm
