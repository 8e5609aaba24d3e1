// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The strings of bits that basis values are windows of, for 32 rows in the order of planes: bytes that
// the stored seed does not have are looked up by its nibbles.
#pragma once

#include "avx2_step.h"

enum { NIBBLES = 2 * HEAD_BYTES - 1 };

INLINE int string_bytes(const struct code *code) { return (code->string_bits + 7) / 8; }

// What the values of a nibble of the stored seed give to a byte of the string.
INLINE __m256i string_table(const struct code *code, int nibble, int byte) {
  uint8_t table[16];
  for (int value = 0; value < 16; ++value)
    table[value] = (uint8_t)(code->words[nibble][value] >> 8 * byte);
  return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
}

INLINE int gives_nothing(const struct code *code, int nibble, int byte) {
  int bits = 0;
  for (int i = 0; i < 4; ++i)
    bits |= code->words[nibble][1 << i] >> 8 * byte & 255;
  return bits == 0;
}

// Byte `i` of the strings, given the nibbles of stored seeds.
INLINE __m256i string_byte(const struct code *code, const __m256i *nibbles, int i) {
  __m256i sum = _mm256_setzero_si256();
#pragma GCC unroll 5
  for (int n = 0; 4 * n < code->seed_bits; ++n)
    if (!gives_nothing(code, n, i))
      sum = _mm256_xor_si256(sum, _mm256_shuffle_epi8(string_table(code, n, i), nibbles[n]));
  return sum;
}

INLINE void read_strings(const struct code *code, const uint8_t *plane, __m256i last_nibbles,
                         __m256i *string) {
  const __m256i low = _mm256_set1_epi8(15);
  __m256i nibbles[NIBBLES];
  for (int i = 0; i < head_bytes(code); ++i) {
    const __m256i bytes = load(plane + i * TILE_ROWS);
    nibbles[2 * i] = _mm256_and_si256(bytes, low);
    nibbles[2 * i + 1] = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low);
  }
  if (has_seed_nibble(code))
    nibbles[2 * head_bytes(code)] = last_nibbles;
#pragma GCC unroll 8
  for (int i = 0; i < string_bytes(code); ++i)
    string[i] = 8 * (i + 1) <= code->seed_bits ? load(plane + i * TILE_ROWS)
                                               : string_byte(code, nibbles, i);
}
