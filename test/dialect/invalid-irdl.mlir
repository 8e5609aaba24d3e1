// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: iree-opt --irdl-file=%irdl --split-input-file --verify-diagnostics %s

// What seedlm.irdl.mlir alone rejects, in stock iree-opt.

// An operation that the dialect lacks.
util.func private @f(%x: tensor<4x16xf32>, %i: tensor<3xi64>, %c: tensor<2x8xi8>, %s: tensor<f32>) {
  // expected-error@+1 {{unregistered operation 'seedlm.decode' found in dialect ('seedlm')}}
  "seedlm.decode"() : () -> ()
  util.return
}

// -----

// One operand.
util.func private @f(%x: tensor<4x16xf32>, %i: tensor<3xi64>, %c: tensor<2x8xi8>, %s: tensor<f32>) {
  // expected-error@+1 {{op expects exactly 2 operands, but got 1}}
  %w = "seedlm.generate"(%c) : (tensor<2x8xi8>) -> tensor<2x16xf32>
  util.return
}

// -----

// No result.
util.func private @f(%x: tensor<4x16xf32>, %i: tensor<3xi64>, %c: tensor<2x8xi8>, %s: tensor<f32>) {
  // expected-error@+1 {{op expects exactly 1 results, but got 0}}
  "seedlm.generate"(%c, %s) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x8xi8>, tensor<f32>) -> ()
  util.return
}

// -----

// No block.
util.func private @f(%x: tensor<4x16xf32>, %i: tensor<3xi64>, %c: tensor<2x8xi8>, %s: tensor<f32>) {
  // expected-error@+1 {{attribute "block" is expected but not provided}}
  %w = "seedlm.generate"(%c, %s) {
    generator = "lfsr", latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<2x16xf32>
  util.return
}

// -----

// Another generator.
util.func private @f(%x: tensor<4x16xf32>, %i: tensor<3xi64>, %c: tensor<2x8xi8>, %s: tensor<f32>) {
  // expected-error@+1 {{expected '"lfsr"' but got '"trellis"'}}
  %y = "seedlm.gather"(%i, %c, %s) {
    generator = "trellis", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<3xi64>, tensor<2x8xi8>, tensor<f32>) -> tensor<3x16xf32>
  util.return
}

// -----

// A number that is text.
util.func private @f(%x: tensor<4x16xf32>, %i: tensor<3xi64>, %c: tensor<2x8xi8>, %s: tensor<f32>) {
  // expected-error@+1 {{expected base attribute 'builtin.integer' but got 'builtin.string'}}
  %y = "seedlm.gather"(%i, %c, %s) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = "16"
  } : (tensor<3xi64>, tensor<2x8xi8>, tensor<f32>) -> tensor<3x16xf32>
  util.return
}

// -----

// Taps of the wrong kind.
util.func private @f(%x: tensor<4x16xf32>, %i: tensor<3xi64>, %c: tensor<2x8xi8>, %s: tensor<f32>) {
  // expected-error@+1 {{expected base attribute 'builtin.dense_array' but got 'builtin.array'}}
  %w = "seedlm.generate"(%c, %s) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = [0, 1, 3, 12],
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<2x16xf32>
  util.return
}

// -----

// A scale that is no tensor.
util.func private @f(%c: tensor<2x8xi8>, %s: f32) {
  // expected-error@+1 {{expected base type 'builtin.tensor' but got 'builtin.f32'}}
  %w = "seedlm.generate"(%c, %s) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x8xi8>, f32) -> tensor<2x16xf32>
  util.return
}

// -----

// No indexing maps.
util.func private @f(%x: tensor<4x16xf32>, %i: tensor<3xi64>, %c: tensor<2x8xi8>, %s: tensor<f32>) {
  // expected-error@+1 {{attribute "indexing_maps" is expected but not provided}}
  %y = "seedlm.contract"(%x, %c, %s) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<4x16xf32>, tensor<2x8xi8>, tensor<f32>) -> tensor<4x2xf32>
  util.return
}

// -----

// Indexing maps of the wrong kind.
util.func private @f(%x: tensor<4x16xf32>, %i: tensor<3xi64>, %c: tensor<2x8xi8>, %s: tensor<f32>) {
  // expected-error@+1 {{expected base attribute 'builtin.array' but got 'builtin.affine_map'}}
  %y = "seedlm.contract"(%x, %c, %s) {
    indexing_maps = affine_map<(m, n, k) -> (m, k)>,
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<4x16xf32>, tensor<2x8xi8>, tensor<f32>) -> tensor<4x2xf32>
  util.return
}

// -----

// No numbers of planes.
util.func private @f(%p: tensor<2x3xi32>) {
  // expected-error@+1 {{'operandSegmentSizes' attribute is expected but not provided}}
  %codes = "seedlm.join_planes"(%p) : (tensor<2x3xi32>) -> tensor<2x12xi8>
  util.return
}

// -----

// More planes than operands.
util.func private @f(%p: tensor<2x3xi32>) {
  // expected-error@+1 {{sum of elements in 'operandSegmentSizes' attribute must be equal}}
  %codes = "seedlm.join_planes"(%p) {operandSegmentSizes = array<i32: 1, 1>}
    : (tensor<2x3xi32>) -> tensor<2x12xi8>
  util.return
}
