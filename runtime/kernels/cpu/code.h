// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What kernels know of a code: all of it constants at compile time.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { TILE_ROWS = 64, STRING_BYTES = 8, HEAD_BYTES = 3 };

struct code {
  int table;            // where the tables of basis values start, for codes that have them
  int block;            // weights in a block
  int latent;           // coefficients in a block
  int coefficient_bits; // bits of a coefficient
  int exponent_bits;    // bits of the exponent, or 0
  int basis_bits;       // bits of a basis value
  int string_bits;      // bits of the string that the basis values of a block are windows of
  int seed_bits;        // bits of the stored seed, which are the first of the string
  int record_bits;      // bits of a record
  int row_scales;       // whether each row has a scale, as f16; if not, all have one, as f32
  float unit;           // a weight is scale * unit * power * an integer
  float powers[16];     // powers of two by stored exponent
  // The string is the XOR of what the nibbles of the head give.
  uint64_t words[2 * HEAD_BYTES - 1][16];
  // Bit matrices from bytes of the head to bytes of the string, as vgf2p8affineqb reads them.
  uint64_t matrices[STRING_BYTES][HEAD_BYTES];
};

static inline size_t step_bytes(const struct code *code) {
  return (size_t)TILE_ROWS * code->record_bits / 8;
}

// Bytes in the lanes that strings are brought to.
static inline int lane_bytes(const struct code *code) { return code->string_bits <= 40 ? 4 : 8; }

// The head of a record is the stored seed and above it the exponent: some bytes and maybe a nibble.
static inline int head_bits(const struct code *code) {
  return code->seed_bits + code->exponent_bits;
}

static inline int head_bytes(const struct code *code) { return head_bits(code) / 8; }

static inline int has_nibble(const struct code *code) { return head_bits(code) % 8 != 0; }

// Whether the nibble has bits of the stored seed.
static inline int has_seed_nibble(const struct code *code) {
  return code->seed_bits > 8 * head_bytes(code);
}

// The body of a record is the coefficients.
static inline int body_bits(const struct code *code) {
  return code->latent * code->coefficient_bits;
}

// Offsets in a step of the words with bodies and of the nibbles that are not in words.
static inline int words_at(const struct code *code) { return TILE_ROWS * head_bytes(code); }

static inline int nibbles_at(const struct code *code) { return words_at(code) + 2 * TILE_ROWS; }

static inline int nibble_in_word(const struct code *code) {
  return has_nibble(code) && body_bits(code) == 12;
}

// Whether the nibbles of the words that share a lane are mixed.
static inline int is_mixed(const struct code *code) {
  return code->coefficient_bits == 4 && lane_bytes(code) == 4;
}
