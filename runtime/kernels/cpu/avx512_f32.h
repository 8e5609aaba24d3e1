// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Weights with AVX-512, for the product with activations as they are. vpmultishiftqb brings the
// bytes of the basis values of a column together; vpdpbusd multiplies them with the coefficients and
// adds them up: a vector of integer weights in two instructions. Coefficients are in the upper bits
// of bytes, so that there is no sign to extend, and integer weights are multiples of `weight_unit`.
//
// A vector has the lanes of 16 rows and one column or, where strings fill lanes of 64 bits, of 8
// rows and two columns.
#pragma once

#include "avx512_step.h"

// What makes vpmultishiftqb select the basis values of each vector of columns and the coefficients
// from each of the words that share lanes.
struct selections {
  __m512i columns[8], bodies[4];
};

// What the weights of the rows of a vector are made of. Narrow strings that end beyond the low lanes
// have high ones: the string from its third byte on, or from its second if basis values have two
// bytes.
struct lanes {
  __m512i low, high, coefficients;
  __m512i start; // what makes the basis values signed
  __m512 power;
};

INLINE int columns_of_vector(const struct code *code) { return is_narrow(code) ? 1 : 2; }

INLINE float weight_unit(const struct code *code) {
  return (float)(1 << (8 - code->coefficient_bits));
}

// The lanes of two vectors that hold the first columns, and the second ones.
INLINE __m512i even_lanes(void) {
  return _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
}

INLINE __m512i odd_lanes(void) {
  return _mm512_set_epi32(31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);
}

// Whether the basis values of a column are read from the high lanes.
INLINE int is_high(const struct code *code, int column) {
  return is_narrow(code) && code->basis_bits == 8 && (column + 1) * code->latent + 7 > 32;
}

INLINE struct selections select_all(const struct code *code) {
  struct selections selections;
  for (int i = 0; i < 8; ++i) {
    const int at = i * columns_of_vector(code) * code->latent - (is_high(code, i) ? 16 : 0);
    selections.columns[i] = selection(at, 1, is_narrow(code) ? 32 : code->latent);
  }
  for (int i = 0; i < lane_bytes(code) / 2; ++i)
    selections.bodies[i] = body_selection(code, i);
  return selections;
}

// The stored exponents of 8 rows, each in two lanes, from the nibbles that are not in words.
INLINE __m512i wide_exponents(const struct code *code, const uint8_t *step, int v) {
  const __m128i nibbles = _mm_loadu_si32(step + nibbles_at(code) + 4 * v);
  const __m512i control = _mm512_set_epi64(0x1c0000001c, 0x1400000014, 0x0c0000000c, 0x0400000004,
                                           0x1800000018, 0x1000000010, 0x0800000008, 0);
  return _mm512_multishift_epi64_epi8(control, _mm512_broadcastd_epi32(nibbles));
}

// The words with the bodies of the rows of vector `v`.
INLINE __m512i read_body(const struct code *code, const uint8_t *step, int v) {
  return is_narrow(code) ? body_lanes(code, step, v) : load(step + words_at(code) + v / 4 * 64);
}

INLINE __m512i read_coefficients(const struct code *code, const struct selections *selections,
                                 __m512i body, int v) {
  const uint32_t byte_mask = 0xff & (0xff << (8 - code->coefficient_bits));
  const uint32_t mask = byte_mask * (code->latent == 3 ? 0x010101 : 0x01010101);
  if (!is_mixed(code))
    body = _mm512_multishift_epi64_epi8(selections->bodies[v % (lane_bytes(code) / 2)], body);
  return _mm512_and_si512(body, _mm512_set1_epi32((int32_t)mask));
}

INLINE struct lanes read_lanes(const struct code *code, const struct selections *selections,
                               const struct planes *planes, const uint8_t *step, int v) {
  const __m512i body = read_body(code, step, v), zero = _mm512_setzero_si512();
  struct lanes lanes;
  lanes.coefficients = read_coefficients(code, selections, body, v);
  lanes.low = is_narrow(code) ? join_string(planes, 0, v) : wide_string(planes, v);
  lanes.high = is_high(code, code->block - 1)              ? join_string(planes, 2, v)
               : is_narrow(code) && code->basis_bits > 8 ? join_string(planes, 1, v)
                                                         : zero;
  const __m512i half = _mm512_set1_epi8((char)0x80);
  lanes.start = _mm512_sub_epi32(zero, _mm512_dpbusd_epi32(zero, half, lanes.coefficients));
  if (code->exponent_bits) {
    const __m512i exponents =
        is_narrow(code) ? narrow_exponents(code, planes, step, body, v)
                        : wide_exponents(code, step, v);
    lanes.power = _mm512_permutexvar_ps(exponents, _mm512_loadu_ps(code->powers));
  }
  return lanes;
}

INLINE __m512i add_products_of(__m512i sum, __m512i selection, __m512i string,
                               __m512i coefficients) {
  return _mm512_dpbusd_epi32(sum, _mm512_multishift_epi64_epi8(selection, string), coefficients);
}

// Vector `i` of the integer weights of the rows of a vector.
INLINE __m512 read_weights(const struct code *code, const struct selections *selections,
                           const struct lanes *lanes, int i) {
  const __m512i q = lanes->coefficients, selection = selections->columns[i];
  if (code->basis_bits == 8)
    return _mm512_cvtepi32_ps(add_products_of(lanes->start, selection,
                                              is_high(code, i) ? lanes->high : lanes->low, q));
  const __m512i upper =
      is_narrow(code) ? add_products_of(lanes->start, selection, lanes->high, q)
                      : add_products_of(lanes->start, selections->columns[i + 1], lanes->low, q);
  return _mm512_cvtepi32_ps(
      add_products_of(_mm512_slli_epi32(upper, 8), selection, lanes->low, q));
}
