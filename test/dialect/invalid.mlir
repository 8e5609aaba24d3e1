// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --split-input-file --verify-diagnostics %s

// An operation that the dialect lacks.
util.func private @f(%x: tensor<4x16xf32>) {
  // expected-error@+1 {{'seedlm.decode' op is not an operation of the dialect}}
  "seedlm.decode"() : () -> ()
  util.return
}

// -----

// One operand.
util.func private @f(%x: tensor<4x16xf32>) {
  // expected-error@+1 {{'seedlm.generate' op needs 2 operands and 1 result}}
  %w = "seedlm.generate"(%x) : (tensor<4x16xf32>) -> tensor<2x16xf32>
  util.return
}

// -----

// No result.
util.func private @f(%x: tensor<4x16xf32>) {
  // expected-error@+1 {{'seedlm.contract' op needs 3 operands and 1 result}}
  "seedlm.contract"(%x, %x, %x)
    : (tensor<4x16xf32>, tensor<4x16xf32>, tensor<4x16xf32>) -> ()
  util.return
}

// -----

// Two operands.
util.func private @f(%x: tensor<4x16xf32>) {
  // expected-error@+1 {{'seedlm.gather' op needs 3 operands and 1 result}}
  %y = "seedlm.gather"(%x, %x) : (tensor<4x16xf32>, tensor<4x16xf32>) -> tensor<3x16xf32>
  util.return
}

// -----

// No generator.
util.func private @f(%codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{'seedlm.generate' op requires attribute 'generator'}}
  %w = "seedlm.generate"(%codes, %scale) {
    block = 8
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<2x16xf32>
  util.return
}

// -----

// A generator that is not text.
util.func private @f(%codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{attribute 'generator' has the wrong kind: 1 : i64}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = 1
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<2x16xf32>
  util.return
}

// -----

// A generator that does not exist.
util.func private @f(%codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{unknown generator 'trellis'}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "trellis"
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<2x16xf32>
  util.return
}

// -----

// No number.
util.func private @f(%codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{requires attribute 'latent'}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<2x16xf32>
  util.return
}

// -----

// A number that is text.
util.func private @f(%codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{attribute 'block' has the wrong kind: "8"}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = "8"
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<2x16xf32>
  util.return
}

// -----

// No taps.
util.func private @f(%codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{requires attribute 'taps'}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, coefficient_bits = 4,
    exponent_bits = 4, basis_bits = 16
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<2x16xf32>
  util.return
}

// -----

// Taps of another type.
util.func private @f(%codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{attribute 'taps' has the wrong kind: array<i32: 0, 1>}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, coefficient_bits = 4,
    exponent_bits = 4, basis_bits = 16, taps = array<i32: 0, 1>
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<2x16xf32>
  util.return
}

// -----

// block out of range.
util.func private @f(%codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{code: block 0 is not an integer in 1..16}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 0, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<2x16xf32>
  util.return
}

// -----

// block out of range.
util.func private @f(%codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{code: block 17 is not an integer in 1..16}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 17, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<2x16xf32>
  util.return
}

// -----

// latent out of range.
util.func private @f(%codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{code: latent 5 is not an integer in 1..4}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 5, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<2x16xf32>
  util.return
}

// -----

// lfsr_width out of range.
util.func private @f(%codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{code: lfsr_width 2 is not an integer in 3..20}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 2, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<2x16xf32>
  util.return
}

// -----

// coefficient_bits out of range.
util.func private @f(%codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{code: coefficient_bits 6 is not an integer in 3..5}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 6, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<2x16xf32>
  util.return
}

// -----

// exponent_bits out of range.
util.func private @f(%codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{code: exponent_bits 5 is not an integer in 0..4}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 5, basis_bits = 16
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<2x16xf32>
  util.return
}

// -----

// basis_bits out of range.
util.func private @f(%codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{code: basis_bits 1 is not an integer in 2..20}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 1
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<2x16xf32>
  util.return
}

// -----

// More coefficients than weights.
util.func private @f(%codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{code: latent 3 is more than block 2}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 2, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<2x16xf32>
  util.return
}

// -----

// More basis bits than the register has.
util.func private @f(%codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{code: basis_bits 17 is more than lfsr_width 16}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 17
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<2x16xf32>
  util.return
}

// -----

// Taps out of order.
util.func private @f(%codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{code: taps (1, 0) are not ascending positions below lfsr_width}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 1, 0>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<2x16xf32>
  util.return
}

// -----

// A tap beyond the register.
util.func private @f(%codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{code: taps (0, 16) are not ascending positions below lfsr_width}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 16>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<2x16xf32>
  util.return
}

// -----

// A register that does not run through all states.
util.func private @f(%codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{code: taps (0, 1) do not give a register of width 16 the maximal period}}
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<2x16xf32>
  util.return
}
