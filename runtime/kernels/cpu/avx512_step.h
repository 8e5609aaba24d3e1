// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How a step is decoded with AVX-512.
//
// Rows are lanes. The strings of bits that the basis values are windows of come from the byte planes
// of a step by bit matrices and interleaving. vpmultishiftqb brings the bytes of the basis values of
// a column together; vpdpbusd multiplies them with the coefficients and adds them up: a vector of
// integer weights in two instructions. Coefficients are bytes with the number in the upper nibble, so
// that there is no sign to extend, and integer weights are multiples of 16.
//
// With three coefficients a vector has 16 rows and one column; with four it has 8 rows, whose
// strings fill two lanes, and two columns.
#pragma once

#include <immintrin.h>

#include "multiply.h"

struct strings {
  __m512i low[8];
  __m512i high[4]; // from the second byte on, for three coefficients and 16-bit basis values
};

// The rest of the records of the rows of one vector.
struct lanes {
  __m512i coefficients;
  __m512i start; // what makes the basis values signed
  __m512 power; // of two, for integer weights as they are
};

INLINE __m512i load(const void *address) { return _mm512_loadu_si512(address); }

INLINE int vectors_of_step(const struct code *code) { return code->latent == 3 ? 4 : 8; }

INLINE int columns_of_vector(const struct code *code) { return code->latent == 3 ? 1 : 2; }

// The lanes of two vectors that hold the first columns, and the second ones.
INLINE __m512i even_lanes(void) {
  return _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
}

INLINE __m512i odd_lanes(void) {
  return _mm512_set_epi32(31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);
}

INLINE void prefetch(const struct code *code, const uint8_t *step) {
  enum { LINE = 64, AHEAD = 4096 };
  for (size_t at = 0; at < step_bytes(code); at += LINE)
    __builtin_prefetch(step + AHEAD + at);
}

INLINE void interleave4(const __m512i *bytes, __m512i *words) {
  const __m512i a = _mm512_unpacklo_epi8(bytes[0], bytes[1]);
  const __m512i b = _mm512_unpackhi_epi8(bytes[0], bytes[1]);
  const __m512i c = _mm512_unpacklo_epi8(bytes[2], bytes[3]);
  const __m512i d = _mm512_unpackhi_epi8(bytes[2], bytes[3]);
  words[0] = _mm512_unpacklo_epi16(a, c);
  words[1] = _mm512_unpackhi_epi16(a, c);
  words[2] = _mm512_unpacklo_epi16(b, d);
  words[3] = _mm512_unpackhi_epi16(b, d);
}

INLINE void interleave8(const __m512i *bytes, __m512i *words) {
  __m512i low[4], high[4];
  interleave4(bytes, low);
  interleave4(bytes + 4, high);
  for (int i = 0; i < 4; ++i) {
    words[2 * i] = _mm512_unpacklo_epi32(low[i], high[i]);
    words[2 * i + 1] = _mm512_unpackhi_epi32(low[i], high[i]);
  }
}

// The nibbles with the highest bits of the stored seeds, in the order of the byte planes: for three
// coefficients in the upper nibbles; for four in the lower ones and, in the upper half of the vector,
// in the upper ones.
INLINE __m512i seed_nibbles(const struct code *code, const uint8_t *step) {
  if (code->latent == 3) {
    const __m512i order = _mm512_set4_epi32(0x0f0b0703, 0x0d090501, 0x0e0a0602, 0x0c080400);
    const __m512i first = _mm512_srli_epi16(load(step + 128), 8), second = load(step + 192);
    return _mm512_shuffle_epi8(_mm512_mask_mov_epi8(first, 0xaaaaaaaaaaaaaaaa, second), order);
  }
  const __m256i nibbles = _mm256_loadu_si256((const __m256i *)(step + 256));
  const __m512i order = _mm512_set_epi64(0x1f1e1b1a17161312, 0x0f0e0b0a07060302, 0x1d1c191815141110,
                                         0x0d0c090805040100, 0x1f1e1b1a17161312, 0x0f0e0b0a07060302,
                                         0x1d1c191815141110, 0x0d0c090805040100);
  return _mm512_permutexvar_epi8(order, _mm512_castsi256_si512(nibbles));
}

INLINE __m512i nibble_matrix(const struct code *code, int byte) {
  const int64_t lower = (int64_t)code->matrices[byte][2], upper = lower << 4;
  if (code->latent == 3)
    return _mm512_set1_epi64(upper);
  return _mm512_set_epi64(upper, upper, upper, upper, lower, lower, lower, lower);
}

INLINE __m512i apply(uint64_t matrix, __m512i bytes) {
  return _mm512_gf2p8affine_epi64_epi8(bytes, _mm512_set1_epi64((int64_t)matrix), 0);
}

INLINE struct strings read_strings(const struct code *code, const uint8_t *step) {
  __m512i bytes[STRING_BYTES + 1] = {load(step), load(step + 64)};
  const __m512i nibbles = code->seed_bits > 16 ? seed_nibbles(code, step) : _mm512_setzero_si512();
#pragma GCC unroll 8
  for (int i = 2; i < STRING_BYTES; ++i) {
    bytes[i] = _mm512_xor_si512(apply(code->matrices[i][0], bytes[0]),
                                apply(code->matrices[i][1], bytes[1]));
    if (code->seed_bits > 16)
      bytes[i] = _mm512_xor_si512(
          bytes[i], _mm512_gf2p8affine_epi64_epi8(nibbles, nibble_matrix(code, i), 0));
  }
  struct strings strings;
  if (code->latent == 4)
    interleave8(bytes, strings.low);
  else
    interleave4(bytes, strings.low);
  if (code->latent == 3 && code->basis_bits == 16)
    interleave4(bytes + 1, strings.high);
  return strings;
}

// Selects four bytes for each lane, which start at bits a, b, c and d of the 64 bits of a lane and its
// neighbour; those of the upper lane `further` on.
INLINE __m512i select_bytes(int a, int b, int c, int d, int further, __m512i pairs) {
  const int starts[8] = {a, b, c, d, a + further, b + further, c + further, d + further};
  uint64_t control = 0;
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i)
    control |= (uint64_t)(starts[i] & 63) << (8 * i);
  return _mm512_multishift_epi64_epi8(_mm512_set1_epi64((int64_t)control), pairs);
}

INLINE __m512i nibbles_of_rows(const uint8_t *step, int vector) {
  const __m512i nibbles = _mm512_broadcastd_epi32(_mm_loadu_si32(step + 256 + 4 * vector));
  const __m512i control = _mm512_set_epi64(0x1c0000001c, 0x1400000014, 0x0c0000000c, 0x0400000004,
                                           0x1800000018, 0x1000000010, 0x0800000008, 0);
  return _mm512_multishift_epi64_epi8(control, nibbles);
}

INLINE struct lanes read_lanes(const struct code *code, const uint8_t *step, int vector) {
  const __m512i zero = _mm512_setzero_si512();
  __m512i words, exponents, mask;
  if (code->latent == 3) {
    const __m512i pairs = load(step + 128 + vector / 2 * 64);
    const int at = vector % 2 * 16;
    words = select_bytes(at - 4, at, at + 4, at + 4, 32, pairs);
    mask = _mm512_set1_epi32(0x00f0f0f0);
    exponents = _mm512_srli_epi32(pairs, at + 12);
  } else {
    const __m128i *of_rows = (const __m128i *)(step + 128 + 16 * vector);
    words = select_bytes(-4, 0, 4, 8, 0, _mm512_cvtepu16_epi64(_mm_loadu_si128(of_rows)));
    mask = _mm512_set1_epi32((int)0xf0f0f0f0);
    exponents = nibbles_of_rows(step, vector);
  }
  struct lanes lanes;
  lanes.coefficients = _mm512_and_si512(words, mask);
  const __m512i half = _mm512_set1_epi8((char)0x80);
  lanes.start = _mm512_sub_epi32(zero, _mm512_dpbusd_epi32(zero, half, lanes.coefficients));
  const __m512 powers = _mm512_mul_ps(_mm512_loadu_ps(code->powers), _mm512_set1_ps(0x1p-4f));
  lanes.power = _mm512_permutexvar_ps(exponents, powers);
  return lanes;
}

// Adds the products of the coefficients with the bytes of strings that start at bit `at` and on.
INLINE __m512i add_products(const struct code *code, __m512i sum, __m512i string, int at,
                            __m512i coefficients) {
  const __m512i bytes = code->latent == 3
                            ? select_bytes(at, at + 1, at + 2, at + 2, 32, string)
                            : select_bytes(at, at + 1, at + 2, at + 3, 4, string);
  return _mm512_dpbusd_epi32(sum, bytes, coefficients);
}

// Vector `i` of the integer weights of the rows of a vector.
INLINE __m512i integer_weights(const struct code *code, const struct strings *strings,
                               const struct lanes *lanes, int vector, int i) {
  const int at = i * columns_of_vector(code) * code->latent;
  const __m512i low = strings->low[vector], q = lanes->coefficients;
  if (code->basis_bits == 8)
    return add_products(code, lanes->start, low, at, q);
  const __m512i upper = code->latent == 3
                            ? add_products(code, lanes->start, strings->high[vector], at, q)
                            : add_products(code, lanes->start, low, at + 8, q);
  return add_products(code, _mm512_slli_epi32(upper, 8), low, at, q);
}
