// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --split-input-file --verify-diagnostics %s

// A vector.
util.func private @f(%codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{'dense' must have a static shape [rows, columns], but is tensor<32xf32>}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<32xf32>
  util.return
}

// -----

// A dynamic size.
util.func private @f(%codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{'dense' must have a static shape [rows, columns], but is tensor<?x16xf32>}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<?x16xf32>
  util.return
}

// -----

// No rank.
util.func private @f(%codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{'dense' must be a ranked tensor, but is tensor<*xf32>}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<*xf32>
  util.return
}

// -----

// A type that weights do not have.
util.func private @f(%codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{'dense' must hold f32, f16, bf16, but holds f64}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<2x16xf64>
  util.return
}

// -----

// Two records a row, not three.
util.func private @f(%codes: tensor<2x12xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{'codes' of 2 x 16 weights must be tensor<2x8xi8>, but is tensor<2x12xi8>}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x12xi8>, tensor<f32>) -> tensor<2x16xf32>
  util.return
}

// -----

// Codes of another number of rows.
util.func private @f(%codes: tensor<3x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{'codes' of 2 x 16 weights must be tensor<2x8xi8>, but is tensor<3x8xi8>}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<3x8xi8>, tensor<f32>) -> tensor<2x16xf32>
  util.return
}

// -----

// Codes that are no bytes.
util.func private @f(%codes: tensor<2x8xi32>, %scale: tensor<f32>) {
  // expected-error@+1 {{'codes' of 2 x 16 weights must be tensor<2x8xi8>, but is tensor<2x8xi32>}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x8xi32>, tensor<f32>) -> tensor<2x16xf32>
  util.return
}

// -----

// Scales of three rows for two.
util.func private @f(%codes: tensor<2x8xi8>, %scale: tensor<3xf32>) {
  // expected-error@+1 {{'scale' must be tensor<2xf32>, but is tensor<3xf32>}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x8xi8>, tensor<3xf32>) -> tensor<2x16xf32>
  util.return
}

// -----

// A scale of double precision.
util.func private @f(%codes: tensor<2x8xi8>, %scale: tensor<f64>) {
  // expected-error@+1 {{scale_type 'f64' is not one of f32, f16}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x8xi8>, tensor<f64>) -> tensor<2x16xf32>
  util.return
}

// -----

// Four groups of columns for 16 columns.
util.func private @f(%codes: tensor<2x8xi8>, %scale: tensor<2x4xf16>) {
  // expected-error@+1 {{'scale' does not fit groups of 128 or 256 columns: tensor<2x4xf16>}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x8xi8>, tensor<2x4xf16>) -> tensor<2x16xf32>
  util.return
}

// -----

// The second record has seed 0.
util.func private @f() {
  %codes = arith.constant dense<[[1, 0, 0, 0, 0, 0, 127, 0]]> : tensor<1x8xi8>
  %scale = arith.constant dense<0.5> : tensor<f32>
  // expected-error@+1 {{codes: block 1 of row 0 has seed 0}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<1x8xi8>, tensor<f32>) -> tensor<1x16xf32>
  util.return
}

// -----

// Bits after a 36-bit record.
util.func private @f() {
  %codes = arith.constant dense<[[1, 0, 0, 0, 0], [1, 0, 0, 0, 16]]> : tensor<2x5xi8>
  %scale = arith.constant dense<0.5> : tensor<f32>
  // expected-error@+1 {{codes: row 1 has padding bits that are not zero}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 12, latent = 4, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x5xi8>, tensor<f32>) -> tensor<2x12xf32>
  util.return
}

// -----

// A negative scale.
util.func private @f() {
  %codes = arith.constant dense<1> : tensor<1x8xi8>
  %scale = arith.constant dense<-0.5> : tensor<f32>
  // expected-error@+1 {{scale -0.5 is not a finite positive number}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<1x8xi8>, tensor<f32>) -> tensor<1x16xf32>
  util.return
}

// -----

// A scale of zero.
util.func private @f() {
  %codes = arith.constant dense<1> : tensor<1x8xi8>
  %scale = arith.constant dense<0.0> : tensor<f32>
  // expected-error@+1 {{scale 0.0 is not a finite positive number}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<1x8xi8>, tensor<f32>) -> tensor<1x16xf32>
  util.return
}

// -----

// A scale that is no number.
util.func private @f() {
  %codes = arith.constant dense<1> : tensor<1x8xi8>
  %scale = arith.constant dense<0x7FC00000> : tensor<f32>
  // expected-error@+1 {{scale nan is not a finite positive number}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<1x8xi8>, tensor<f32>) -> tensor<1x16xf32>
  util.return
}

// -----

// No weights.
util.func private @f() {
  %codes = arith.constant dense<> : tensor<0x8xi8>
  %scale = arith.constant dense<0.5> : tensor<f32>
  // expected-error@+1 {{shape (0, 16) is not two positive integers}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<0x8xi8>, tensor<f32>) -> tensor<0x16xf32>
  util.return
}

// -----

// Codes without data.
util.func private @f() {
  %codes = arith.constant dense_resource<nothing> : tensor<1x8xi8>
  %scale = arith.constant dense<0.5> : tensor<f32>
  // expected-error@+1 {{dense_resource<nothing> : tensor<1x8xi8> has no data}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<1x8xi8>, tensor<f32>) -> tensor<1x16xf32>
  util.return
}
