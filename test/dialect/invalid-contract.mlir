// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --split-input-file --verify-diagnostics %s

// No maps.
util.func private @f(%x: tensor<4x16xf32>, %codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{'indexing_maps' must be two permutations: lhs and result}}
  %y = "seedlm.contract"(%x, %codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<4x16xf32>, tensor<2x8xi8>, tensor<f32>) -> tensor<4x2xf32>
  util.return
}

// -----

// One map.
util.func private @f(%x: tensor<4x16xf32>, %codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{'indexing_maps' must be two permutations: lhs and result}}
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<4x16xf32>, tensor<2x8xi8>, tensor<f32>) -> tensor<4x2xf32>
  util.return
}

// -----

// A map that is no permutation.
util.func private @f(%x: tensor<4x16xf32>, %codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{'indexing_maps' must be two permutations: lhs and result}}
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k + 1)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<4x16xf32>, tensor<2x8xi8>, tensor<f32>) -> tensor<4x2xf32>
  util.return
}

// -----

// Loops in another order than (batch.., n, k).
util.func private @f(%x: tensor<4x16xf32>, %codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{'indexing_maps' must permute lhs and result over the loops}}
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, k, n) -> (m, k)>, affine_map<(m, k, n) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<4x16xf32>, tensor<2x8xi8>, tensor<f32>) -> tensor<4x2xf32>
  util.return
}

// -----

// A batch loop that the result lacks.
util.func private @f(%x: tensor<4x16xf32>, %codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{'indexing_maps' must permute lhs and result over the loops}}
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<4x16xf32>, tensor<2x8xi8>, tensor<f32>) -> tensor<2xf32>
  util.return
}

// -----

// Maps of another rank than the tensors.
util.func private @f(%x: tensor<4x16xf32>, %codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{'indexing_maps' must permute lhs and result over the loops}}
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(n, k) -> (k)>, affine_map<(n, k) -> (n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<4x16xf32>, tensor<2x8xi8>, tensor<f32>) -> tensor<4x2xf32>
  util.return
}

// -----

// Another batch size in the result.
util.func private @f(%x: tensor<4x16xf32>, %codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{'lhs' and 'result' disagree on the size of loop d0}}
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<4x16xf32>, tensor<2x8xi8>, tensor<f32>) -> tensor<5x2xf32>
  util.return
}

// -----

// A dynamic k.
util.func private @f(%x: tensor<4x?xf32>, %codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{the loops n and k must have static sizes}}
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<4x?xf32>, tensor<2x8xi8>, tensor<f32>) -> tensor<4x2xf32>
  util.return
}

// -----

// A dynamic n.
util.func private @f(%x: tensor<4x16xf32>, %codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{the loops n and k must have static sizes}}
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<4x16xf32>, tensor<2x8xi8>, tensor<f32>) -> tensor<4x?xf32>
  util.return
}

// -----

// An activation of integers.
util.func private @f(%x: tensor<4x16xi8>, %codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{'lhs' must hold f32, f16, bf16, but holds i8}}
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<4x16xi8>, tensor<2x8xi8>, tensor<f32>) -> tensor<4x2xf32>
  util.return
}

// -----

// A result of integers.
util.func private @f(%x: tensor<4x16xf32>, %codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{'result' must hold f32, f16, bf16, but holds i32}}
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<4x16xf32>, tensor<2x8xi8>, tensor<f32>) -> tensor<4x2xi32>
  util.return
}

// -----

// Codes of another number of columns.
util.func private @f(%x: tensor<4x24xf32>, %codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{'codes' of 2 x 24 weights must be tensor<2x12xi8>, but is tensor<2x8xi8>}}
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<4x24xf32>, tensor<2x8xi8>, tensor<f32>) -> tensor<4x2xf32>
  util.return
}

// -----

// No code.
util.func private @f(%x: tensor<4x16xf32>, %codes: tensor<2x8xi8>, %scale: tensor<f32>) {
  // expected-error@+1 {{requires attribute 'generator'}}
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>]
  } : (tensor<4x16xf32>, tensor<2x8xi8>, tensor<f32>) -> tensor<4x2xf32>
  util.return
}
