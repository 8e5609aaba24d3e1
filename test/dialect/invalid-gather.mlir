// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --split-input-file --verify-diagnostics %s

// Indices that are no integers.
util.func private @f(%indices: tensor<3xf32>, %codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{'indices' must hold integers, but is tensor<3xf32>}}
  %rows = "seedlm.gather"(%indices, %codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<3xf32>, tensor<2x8xi8>, tensor<f32>) -> tensor<3x16xf32>
  util.return
}

// -----

// A result without columns.
util.func private @f(%indices: tensor<3xi64>, %codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{'result' must add one dimension to tensor<3xi64>, but is tensor<3xf32>}}
  %rows = "seedlm.gather"(%indices, %codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<3xi64>, tensor<2x8xi8>, tensor<f32>) -> tensor<3xf32>
  util.return
}

// -----

// A result of another number of rows.
util.func private @f(%indices: tensor<3xi64>, %codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{'result' must add one dimension to tensor<3xi64>, but is tensor<4x16xf32>}}
  %rows = "seedlm.gather"(%indices, %codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<3xi64>, tensor<2x8xi8>, tensor<f32>) -> tensor<4x16xf32>
  util.return
}

// -----

// A dynamic number of columns.
util.func private @f(%indices: tensor<3xi64>, %codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{the last dimension of 'result' must be static}}
  %rows = "seedlm.gather"(%indices, %codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<3xi64>, tensor<2x8xi8>, tensor<f32>) -> tensor<3x?xf32>
  util.return
}

// -----

// A result of integers.
util.func private @f(%indices: tensor<3xi64>, %codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{'result' must hold f32, f16, bf16, but holds i32}}
  %rows = "seedlm.gather"(%indices, %codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<3xi64>, tensor<2x8xi8>, tensor<f32>) -> tensor<3x16xi32>
  util.return
}

// -----

// A dynamic number of rows in the table.
util.func private @f(%indices: tensor<3xi64>, %codes: tensor<?x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{'codes' must be static [rows, row_bytes], but is tensor<?x8xi8>}}
  %rows = "seedlm.gather"(%indices, %codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<3xi64>, tensor<?x8xi8>, tensor<f32>) -> tensor<3x16xf32>
  util.return
}

// -----

// A table without rows.
util.func private @f(%indices: tensor<3xi64>, %codes: tensor<i8>, %scale: tensor<f32>) {
  // expected-error@+1 {{'codes' must be static [rows, row_bytes], but is tensor<i8>}}
  %rows = "seedlm.gather"(%indices, %codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<3xi64>, tensor<i8>, tensor<f32>) -> tensor<3x16xf32>
  util.return
}

// -----

// Codes of another number of columns.
util.func private @f(%indices: tensor<3xi64>, %codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{'codes' of 2 x 24 weights must be tensor<2x12xi8>, but is tensor<2x8xi8>}}
  %rows = "seedlm.gather"(%indices, %codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<3xi64>, tensor<2x8xi8>, tensor<f32>) -> tensor<3x24xf32>
  util.return
}

// -----

// No code.
util.func private @f(%indices: tensor<3xi64>, %codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{requires attribute 'generator'}}
  %rows = "seedlm.gather"(%indices, %codes, %scale) {
  } : (tensor<3xi64>, tensor<2x8xi8>, tensor<f32>) -> tensor<3x16xf32>
  util.return
}
