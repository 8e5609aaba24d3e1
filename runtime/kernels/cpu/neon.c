// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels for aarch64 with dot products of bytes. Coefficients are in the upper bits of bytes, shifted
// right by what exponents are below the greatest.

#include <arm_neon.h>

#define LANES 4
#define PANEL_VECTORS 4
#define STEPS 4
#define HAS_EXCESS 0
#define DECODE_OTHERS decode_portably
#define WEIGHT_MULTIPLE(CODE) ((1 << (8 - (CODE)->coefficient_bits)) / (CODE)->powers[15])
#define BASIS_SIGNS 0x8080808080808080u

#include "multiply.h"

struct records {
  const uint8_t *steps[STEPS];
  int8_t coefficients[STEPS][TILE_ROWS][4];
};

#include "by_rows.h"
#include "gather.h"

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

// Stores the coefficients of 4 rows that are in the upper halves of bytes, without a nibble above them.
INLINE void store_mixed(const struct code *code, uint8x16_t upper, int8_t (*coefficients)[4]) {
  const uint32x4_t mask = vdupq_n_u32(code->latent == 4 ? 0xf0f0f0f0 : 0xf0f0f0);
  vst1q_s8(coefficients[0], vreinterpretq_s8_u8(vandq_u8(upper, vreinterpretq_u8_u32(mask))));
}

INLINE void read_mixed(const struct code *code, const uint8_t *lanes, int8_t (*coefficients)[4]) {
  const uint8x16_t pairs = vld1q_u8(lanes);
  store_mixed(code, pairs, coefficients);
  store_mixed(code, vshlq_n_u8(pairs, 4), coefficients + 32);
}

// The nibble of the head of a row.
INLINE int nibble_at(const struct code *code, const uint8_t *step, int row) {
  const uint8_t *words = step + words_at(code);
  if (is_mixed(code))
    return words[row % 32 * 4 + 3] >> (row < 32 ? 4 : 0) & 15;
  return words[row / 32 * 64 + row % 16 * 4 + row / 16 % 2 * 2 + 1] >> 4;
}

// The head of a row.
INLINE uint32_t head_at(const struct code *code, const uint8_t *step, int row) {
  const int place = place_of(row);
  uint32_t head = step[place];
  if (head_bytes(code) > 1)
    head |= (uint32_t)step[TILE_ROWS + place] << 8;
  if (has_nibble(code))
    head |= (uint32_t)nibble_at(code, step, row) << 8 * head_bytes(code);
  return head;
}

// Shifts the coefficients of all rows by their exponents.
INLINE void shift_coefficients(const struct code *code, const uint8_t *step,
                               int8_t (*coefficients)[4]) {
  const int greatest = (1 << code->exponent_bits) - 1;
  for (int row = 0; row < TILE_ROWS; ++row) {
    const int stored = (int)(head_at(code, step, row) >> code->seed_bits);
    for (int p = 0; p < 4; ++p)
      coefficients[row][p] = (int8_t)(coefficients[row][p] >> (greatest - stored));
  }
}

INLINE void read_records(const struct code *code, const uint8_t *step, int i,
                         struct records *records) {
  records->steps[i] = step;
  for (int quarter = 0; quarter < 4; ++quarter) {
    const uint8_t *at = step + words_at(code) + 32 * quarter;
    int8_t(*coefficients)[4] = records->coefficients[i] + first_row(code, quarter);
    if (is_mixed(code)) {
      read_mixed(code, at, coefficients);
      read_mixed(code, at + 16, coefficients + 4);
      continue;
    }
    const uint16x8_t first = vreinterpretq_u16_u8(vld1q_u8(at));
    const uint16x8_t second = vreinterpretq_u16_u8(vld1q_u8(at + 16));
    read_words(code, vuzp1q_u16(first, second), coefficients);
    read_words(code, vuzp2q_u16(first, second), coefficients + rows_apart(code));
  }
  if (code->exponent_bits)
    shift_coefficients(code, step, records->coefficients[i]);
}

INLINE int8x16_t load_basis(const struct basis *basis, int half) {
  return vld1q_s8((const int8_t *)(basis->words + 2 * half));
}

INLINE eight read_weights(const struct code *code, const struct records *records, int i, int row) {
  const uint32_t head = head_at(code, records->steps[i], row);
  const struct basis *lower = lower_table(code) + (head & ((1u << lower_bits(code)) - 1));
  const struct basis *upper =
      upper_table(code) + (head >> lower_bits(code) & ((1u << upper_bits(code)) - 1));
  const int32_t *at = (const int32_t *)records->coefficients[i][row];
  const int8x16_t q = vreinterpretq_s8_s32(vld1q_dup_s32(at));
  float32x4_t halves[2];
  for (int h = 0; h < 2; ++h) {
    const int8x16_t basis = veorq_s8(load_basis(lower, h), load_basis(upper, h));
    halves[h] = vcvtq_f32_s32(vdotq_s32(vdupq_n_s32(0), basis, q));
  }
  return __builtin_shufflevector(halves[0], halves[1], 0, 1, 2, 3, 4, 5, 6, 7);
}

INLINE eight read_excess(const struct code *code, const struct records *records, int i, int row) {
  (void)code, (void)records, (void)i, (void)row;
  return (eight){0};
}

// Weights are multiplied with what rounded activations stand for.
#define MULTIPLY_INT8(NAME, O) multiply_##NAME(O)

SEEDLM_PRESETS(DEFINE_KERNEL)
SEEDLM_BYTE_PRESETS(DEFINE_INT8_KERNEL)
