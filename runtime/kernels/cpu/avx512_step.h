// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How a step is read with AVX-512.
//
// Rows are lanes. The strings of bits that the basis values are windows of come from the byte planes
// of a step by bit matrices and interleaving; vpmultishiftqb or shifts cut the windows out of them.
//
// A vector has the lanes of 16 rows or, where strings fill lanes of 64 bits, of 8 rows, twice.
//
// Kernels read the planes of a step while they compute with those of the step before, and compilers
// must leave it so: processors do not look far enough ahead to do it by themselves.
#pragma once

#include <immintrin.h>

#include "multiply.h"

// The bytes of the strings of all rows.
struct planes {
  __m512i bytes[STRING_BYTES];
};

INLINE __m512i load(const void *address) { return _mm512_loadu_si512(address); }

INLINE int is_narrow(const struct code *code) { return lane_bytes(code) == 4; }

INLINE int vectors_of_step(const struct code *code) { return lane_bytes(code); }

// The lanes of rows that a tile has.
INLINE __mmask16 mask_of(size_t rows, int group) {
  const int count = (int)least(rows, TILE_ROWS) - 16 * group;
  return count >= 16 ? 0xffff : count <= 0 ? 0 : (__mmask16)((1 << count) - 1);
}

// Keeps a constant in a register: compilers would load it again for each use.
INLINE __m512i keep(__m512i constant) {
  __asm__("" : "+v"(constant));
  return constant;
}

// Keeps the order of what is computed before and after.
INLINE void settle(__m512i *value) { __asm__ volatile("" : "+v"(*value)); }

INLINE void settle_floats(__m512 *value) { __asm__ volatile("" : "+v"(*value)); }

// A vector with the same bit matrix, or two by turns, in lanes of 64 bits.
INLINE __m512i matrix_of(const struct code *code, int byte, int source) {
  return _mm512_set1_epi64((int64_t)code->matrices[byte][source]);
}

INLINE __m512i nibble_matrix(const struct code *code, int byte) {
  const int64_t lower = (int64_t)code->matrices[byte][head_bytes(code)], upper = lower << 4;
  return is_mixed(code) ? _mm512_set_epi64(lower, upper, lower, upper, lower, upper, lower, upper)
                        : _mm512_set1_epi64(upper);
}

// The nibbles of all words, in the order of the byte planes. They are in the upper halves of bytes,
// those of mixed words in the halves that `nibble_matrix` expects.
INLINE __m512i nibbles_of_words(const struct code *code, const uint8_t *step) {
  const __m512i first = load(step + words_at(code)), second = load(step + words_at(code) + 64);
  if (is_mixed(code)) {
    uint8_t order[64];
    for (int i = 0; i < 64; ++i)
      order[i] = (uint8_t)(i / 16 * 16 + i % 4 * 4 + 3 + i / 4 % 2 * 64);
    return _mm512_permutex2var_epi8(first, load(order), second);
  }
  const __m512i mixed =
      _mm512_mask_mov_epi8(_mm512_srli_epi16(first, 8), 0xaaaaaaaaaaaaaaaa, second);
  const __m512i order = _mm512_set4_epi32(0x0f0b0703, 0x0d090501, 0x0e0a0602, 0x0c080400);
  return _mm512_shuffle_epi8(mixed, order);
}

INLINE __m512i apply(__m512i matrix, __m512i bytes) {
  return _mm512_gf2p8affine_epi64_epi8(bytes, matrix, 0);
}

INLINE __m512i xor3(__m512i a, __m512i b, __m512i c) {
  return _mm512_ternarylogic_epi64(a, b, c, 0x96);
}

INLINE int string_bytes(const struct code *code) { return (code->string_bits + 7) / 8; }

INLINE struct planes read_planes(const struct code *code, const uint8_t *step) {
  struct planes planes;
  const int from_nibbles = has_seed_nibble(code);
  const __m512i first = load(step), nibbles = from_nibbles ? nibbles_of_words(code, step) : first;
  const __m512i second = head_bytes(code) > 1 ? load(step + TILE_ROWS) : first;
  for (int i = 0; i < string_bytes(code); ++i) {
    if (8 * (i + 1) <= code->seed_bits) {
      planes.bytes[i] = i ? second : first;
      continue;
    }
    const __m512i a = apply(matrix_of(code, i, 0), first);
    const __m512i b = apply(matrix_of(code, i, 1), second);
    const __m512i c = from_nibbles ? apply(nibble_matrix(code, i), nibbles) : first;
    planes.bytes[i] = head_bytes(code) == 1 ? _mm512_xor_si512(a, c)
                      : from_nibbles        ? xor3(a, b, c)
                                            : _mm512_xor_si512(a, b);
    settle(&planes.bytes[i]);
  }
  return planes;
}

INLINE void copy_planes(const struct code *code, struct planes *to, const struct planes *from) {
  for (int i = 0; i < string_bytes(code); ++i)
    to->bytes[i] = from->bytes[i];
}

// Interleaves bytes of planes, or words, of the rows of vector `v` out of four.
INLINE __m512i join_bytes(__m512i a, __m512i b, int v) {
  return v < 2 ? _mm512_unpacklo_epi8(a, b) : _mm512_unpackhi_epi8(a, b);
}

INLINE __m512i join_words(__m512i a, __m512i b, int v) {
  return v % 2 ? _mm512_unpackhi_epi16(a, b) : _mm512_unpacklo_epi16(a, b);
}

// Four bytes of strings from byte `i` on, for the rows of vector `v` out of four.
INLINE __m512i join_string(const struct planes *planes, int i, int v) {
  const __m512i *bytes = planes->bytes + i;
  return join_words(join_bytes(bytes[0], bytes[1], v), join_bytes(bytes[2], bytes[3], v), v);
}

// The whole strings of the rows of vector `v` out of eight.
INLINE __m512i wide_string(const struct planes *planes, int v) {
  const __m512i low = join_string(planes, 0, v / 2), high = join_string(planes, 4, v / 2);
  return v % 2 ? _mm512_unpackhi_epi32(low, high) : _mm512_unpacklo_epi32(low, high);
}

// The fifth bytes of narrow strings as the lowest ones of lanes. The highest ones are those of the
// last byte plane, which have the exponents of codes without nibbles.
INLINE __m512i string_end(const struct planes *planes, const uint8_t *step, int v) {
  const __m512i pairs = join_bytes(planes->bytes[4], load(step + TILE_ROWS), v);
  return join_words(pairs, pairs, v);
}

// Selects four bytes for both lanes of 64 bits: from bit `at` and every `step` bits on, `further` for
// the upper lane.
INLINE __m512i selection(int at, int step, int further) {
  uint64_t control = 0;
  for (int i = 0; i < 8; ++i)
    control |= (uint64_t)((at + i % 4 * step + i / 4 * further) & 63) << (8 * i);
  return keep(_mm512_set1_epi64((int64_t)control));
}

// The lanes with the body of each row of vector `v`, for narrow strings. Mixed nibbles are in the upper
// halves of bytes, other words in the lower or upper half of the lane.
INLINE __m512i body_lanes(const struct code *code, const uint8_t *step, int v) {
  if (!is_mixed(code))
    return load(step + words_at(code) + v / 2 * 64);
  const __m512i words = load(step + words_at(code) + v % 2 * 64);
  return v < 2 ? words : _mm512_slli_epi32(words, 4);
}

// What selects the coefficients of unmixed words, to the upper bits of bytes.
INLINE __m512i body_selection(const struct code *code, int v) {
  const int bits = code->coefficient_bits;
  return selection(16 * (v % (lane_bytes(code) / 2)) + bits - 8, bits, is_narrow(code) ? 32 : 0);
}

// The stored exponents of the rows of vector `v`, for narrow strings and given the lanes with bodies.
INLINE __m512i narrow_exponents(const struct code *code, const struct planes *planes,
                                const uint8_t *step, __m512i body, int v) {
  const __m512i top = has_nibble(code) ? body : string_end(planes, step, v);
  return _mm512_srli_epi32(top, 32 - code->exponent_bits);
}
