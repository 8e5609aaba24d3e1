// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "encoder.h"

#include "finisher.h"
#include "parallel.h"
#include "seed_scan.h"
#include "tables.h"

#include <numeric>

namespace seedlm {
namespace {

class GroupEncoder {
public:
  GroupEncoder(const Code &code, const Tables &tables, const ScanKernel &kernel,
               const BlockSource &source, Record *records)
      : code_(code), source_(source), records_(records), scan_(tables, kernel),
        finisher_(code) {}

  // Encodes `count` blocks, at most kGroup.
  void encode(const uint32_t *indices, size_t count) {
    BlockGroup group{};
    for (size_t b = 0; b < count; ++b)
      load(indices[b], b, group);
    scan_.scan(group);
    for (size_t b = 0; b < count; ++b)
      records_[indices[b]] = best_record(b, records_[indices[b]].seed);
  }

private:
  void load(uint32_t index, size_t b, BlockGroup &group) {
    blocks_[b] = source_.block(code_, index);
    lengths_[b] = length_of(code_, blocks_[b]);
    if (lengths_[b] == 0)
      return;
    const BlockVector unit = normalized(code_, blocks_[b], lengths_[b]);
    for (int c = 0; c < code_.block; ++c)
      group.weights[b][c] = static_cast<float>(unit[c]);
  }

  Record best_record(size_t b, uint32_t guess) {
    if (lengths_[b] == 0)
      return kZeroRecord;
    finisher_.start(blocks_[b]);
    finisher_.try_seed(guess);
    // A vector beats zero only if it is shorter than twice the block.
    scan_.start(b, 2 * std::ldexp(lengths_[b], -code_.exponent_min()));
    while (const auto seed = scan_.next(finisher_.error() / finisher_.energy()))
      finisher_.try_seed(*seed);
    return finisher_.best();
  }

  const Code code_;
  const BlockSource source_;
  Record *const records_;
  SeedScan scan_;
  Finisher finisher_;
  std::array<BlockVector, kGroup> blocks_{};
  std::array<double, kGroup> lengths_{};
};

constexpr size_t kDecodedStep = 1024;

double decoded_error(const Code &code, const float *weights, double scale,
                     const Record &record, const double *importances) {
  const Basis basis = basis_of(code, record.seed);
  const double step = power_of_two(record.exponent);
  double error = 0;
  for (int c = 0; c < code.block; ++c) {
    double sum = 0;
    for (int p = 0; p < code.latent; ++p)
      sum += record.coefficients[p] * basis[p][c];
    const auto decoded =
        static_cast<float>(scale * (sum * step));
    const double difference = static_cast<double>(weights[c]) - decoded;
    const double square = difference * difference;
    error += importances ? importances[c] * square : square;
  }
  return error;
}

} // namespace

void encode(const Code &code, const ScanKernel &kernel,
            const BlockSource &source, int threads, Record *records) {
  std::vector<uint32_t> indices(source.count);
  std::iota(indices.begin(), indices.end(), 0);
  std::fill_n(records, source.count, kZeroRecord);
  improve(code, kernel, source, indices, threads, records);
}

void improve(const Code &code, const ScanKernel &kernel,
             const BlockSource &source, const std::vector<uint32_t> &indices,
             int threads, Record *records) {
  if (indices.empty())
    return;
  const auto tables = Tables::of(code);
  const auto work = [&, encoder = GroupEncoder(code, *tables, kernel, source,
                                               records)](
                        size_t begin, size_t end) mutable {
    encoder.encode(&indices[begin], end - begin);
  };
  parallel_for(indices.size(), kGroup, threads, work);
}

void decoded_errors(const Code &code, const BlockSource &source,
                    const Record *records, const double *importances,
                    size_t columns, int threads, double *errors) {
  const auto work = [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i)
      errors[i] = decoded_error(
          code, source.weights + i * code.block, source.scales[i], records[i],
          importances ? importances + i % columns * code.block : nullptr);
  };
  parallel_for(source.count, kDecodedStep, threads, work);
}

} // namespace seedlm
