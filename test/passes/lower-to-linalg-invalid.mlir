// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --split-input-file --verify-diagnostics --pass-pipeline='builtin.module(seedlm-lower-to-linalg)' %s

// expected-error@unknown {{codes are not packed: run seedlm-pack-codes first}}
util.func public @constant(%scale: tensor<f32>) -> tensor<2x8xf32> {
  %codes = arith.constant dense<1> : tensor<2x4xi8>
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x4xi8>, tensor<f32>) -> tensor<2x8xf32>
  util.return %w : tensor<2x8xf32>
}

// -----

// expected-error@unknown {{codes are not packed: run seedlm-pack-codes first}}
util.func public @argument(%x: tensor<4x8xf32>, %codes: tensor<2x4xi8>, %scale: tensor<f32>)
    -> tensor<4x2xf32> {
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<4x8xf32>, tensor<2x4xi8>, tensor<f32>) -> tensor<4x2xf32>
  util.return %y : tensor<4x2xf32>
}

// -----

// expected-error@unknown {{codes are not packed: run seedlm-pack-codes first}}
util.func public @gather(%indices: tensor<3xi32>, %codes: tensor<2x4xi8>, %scale: tensor<f32>)
    -> tensor<3x8xf32> {
  %rows = "seedlm.gather"(%indices, %codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<3xi32>, tensor<2x4xi8>, tensor<f32>) -> tensor<3x8xf32>
  util.return %rows : tensor<3x8xf32>
}
