// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "subspaces.h"

#include <cstring>

namespace seedlm {

Subspaces::Subspaces(const Code &code)
    : orbit_(code), row_words_(row_words_of(code.latent, (code.block + 1) / 2)),
      rows_(positions() * row_words_),
      triangles_(positions() * triangle_size(code.latent)) {
  for (size_t position = 0; position < positions(); ++position)
    add(position);
}

void Subspaces::add(size_t position) {
  const Factors factors = factorize(code(), basis(position));
  const size_t pairs = static_cast<size_t>(code().block + 1) / 2;
  float *entry = &triangles_[position * triangle_size(code().latent)];
  for (int p = 0; p < code().latent; ++p) {
    const FixedVector column = to_fixed(code(), factors.q[p]);
    std::memcpy(&rows_[position * row_words_ + p * pairs], column.data(),
                pairs * sizeof(int32_t));
    for (int m = p; m < code().latent; ++m)
      *entry++ = static_cast<float>(factors.r[p][m]);
  }
}

SubspaceView Subspaces::view() const {
  return {code().latent, (code().block + 1) / 2, code().limits(), rows_.data(),
          triangles_.data()};
}

} // namespace seedlm
