// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels for aarch64 with dot products of bytes. Coefficients are in the upper bits of bytes.

#include <arm_neon.h>

#define LANES 4
#define PANEL_VECTORS 4
#define STEPS 4
#define HAS_EXCESS 0
#define WEIGHT_MULTIPLE(CODE) (1 << (8 - (CODE)->coefficient_bits))
#define BASIS_SIGNS 0x8080808080808080u

#include "multiply.h"

struct records {
  const uint8_t *steps[STEPS];
  int8_t coefficients[STEPS][TILE_ROWS][4];
};

#include "by_rows.h"

INLINE int8x8_t coefficients_of(const struct code *code, uint16x8_t words, int p) {
  const int left = 16 - code->coefficient_bits * (p + 1);
  return vreinterpret_s8_u8(vshrn_n_u16(vshlq_u16(words, vdupq_n_s16((int16_t)left)), 8));
}

INLINE void read_words(const struct code *code, uint16x8_t words, int8_t (*coefficients)[4]) {
  const uint8x8_t mask = vdup_n_u8((uint8_t)(0xff << (8 - code->coefficient_bits)));
  int8x8x4_t q;
  for (int p = 0; p < 4; ++p)
    q.val[p] = vand_s8(coefficients_of(code, words, p), vreinterpret_s8_u8(mask));
  vst4_s8(coefficients[0], q);
}

INLINE void read_mixed(const uint8_t *lanes, int8_t (*coefficients)[4]) {
  const uint8x16_t pairs = vld1q_u8(lanes);
  vst1q_s8(coefficients[0], vreinterpretq_s8_u8(vandq_u8(pairs, vdupq_n_u8(0xf0))));
  vst1q_s8(coefficients[16], vreinterpretq_s8_u8(vshlq_n_u8(pairs, 4)));
}

INLINE void read_records(const struct code *code, const uint8_t *step, int i,
                         struct records *records) {
  records->steps[i] = step;
  // The lanes of 8 rows are also those of 8 rows 16 on.
  for (int quarter = 0; quarter < 4; ++quarter) {
    const uint8_t *at = step + words_at(code) + 32 * quarter;
    int8_t(*coefficients)[4] = records->coefficients[i] + quarter / 2 * 32 + quarter % 2 * 8;
    if (is_mixed(code)) {
      read_mixed(at, coefficients);
      read_mixed(at + 16, coefficients + 4);
      continue;
    }
    const uint16x8_t first = vreinterpretq_u16_u8(vld1q_u8(at));
    const uint16x8_t second = vreinterpretq_u16_u8(vld1q_u8(at + 16));
    read_words(code, vuzp1q_u16(first, second), coefficients);
    read_words(code, vuzp2q_u16(first, second), coefficients + 16);
  }
}

// The second index of a row's basis values.
INLINE int second_index(const struct code *code, const uint8_t *step, int row, int place) {
  if (code->seed_bits == 16)
    return step[TILE_ROWS + place];
  return step[words_at(code) + row / 32 * 64 + row % 16 * 4 + row / 16 % 2 * 2 + 1] >> 4;
}

INLINE eight read_weights(const struct code *code, const struct records *records, int i, int row,
                          int place) {
  const uint8_t *step = records->steps[i];
  const int8_t *first = (const int8_t *)first_table(code)[step[place]];
  const int8_t *second = (const int8_t *)second_table(code)[second_index(code, step, row, place)];
  const int32_t *at = (const int32_t *)records->coefficients[i][row];
  const int8x16_t q = vreinterpretq_s8_s32(vld1q_dup_s32(at));
  float32x4_t halves[2];
  for (int h = 0; h < 2; ++h) {
    const int8x16_t basis = veorq_s8(vld1q_s8(first + 16 * h), vld1q_s8(second + 16 * h));
    halves[h] = vcvtq_f32_s32(vdotq_s32(vdupq_n_s32(0), basis, q));
  }
  return __builtin_shufflevector(halves[0], halves[1], 0, 1, 2, 3, 4, 5, 6, 7);
}

INLINE eight read_excess(const struct code *code, const struct records *records, int i, int row) {
  (void)code, (void)records, (void)i, (void)row;
  return (eight){0};
}

SEEDLM_PRESETS(DEFINE_KERNEL)
