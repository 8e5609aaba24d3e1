// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-pack-codes{cpu-kernels})' %s | FileCheck %s

// Codes of a preset become tiles of 64 rows, which are filled with zeros: 65 rows are two tiles of 64 x
// 4 bytes a block.
// CHECK-LABEL: @contract(
util.func public @contract(%x: tensor<4x16xf32>, %scale: tensor<f32>) -> tensor<4x65xf32> {
  // CHECK-NOT: tensor<65x8xi8>
  // CHECK: %[[TILES:.+]] = arith.constant dense{{.+}} : tensor<2x512xi8>
  // CHECK-NEXT: %[[CODES:.+]] = "seedlm.join_tiles"(%[[TILES]]) : (tensor<2x512xi8>) -> tensor<65x8xi8>
  // CHECK-NEXT: "seedlm.contract"(%{{.+}}, %[[CODES]], %{{.+}})
  %codes = arith.constant dense<1> : tensor<65x8xi8>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<4x16xf32>, tensor<65x8xi8>, tensor<f32>) -> tensor<4x65xf32>
  util.return %y : tensor<4x65xf32>
}

// Codes that are gathered from as well are stored once.
// CHECK-LABEL: @gathered_too(
util.func public @gathered_too(%x: tensor<4x8xf32>, %indices: tensor<3xi32>, %scale: tensor<f32>)
    -> (tensor<4x2xf32>, tensor<3x8xf32>) {
  // CHECK: %[[CODES:.+]] = "seedlm.join_tiles"
  // CHECK-NOT: seedlm.join
  // CHECK: "seedlm.contract"(%{{[^,]+}}, %[[CODES]],
  // CHECK: "seedlm.gather"(%{{[^,]+}}, %[[CODES]],
  %codes = arith.constant dense<1> : tensor<2x4xi8>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<4x8xf32>, tensor<2x4xi8>, tensor<f32>) -> tensor<4x2xf32>
  %rows = "seedlm.gather"(%indices, %codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<3xi32>, tensor<2x4xi8>, tensor<f32>) -> tensor<3x8xf32>
  util.return %y, %rows : tensor<4x2xf32>, tensor<3x8xf32>
}

// Codes that are read in a way that there is no kernel for are planes for all that read them: a weight
// that is generated as a whole, and indices of another type than i32 and i64.
// CHECK-LABEL: @generated_too(
util.func public @generated_too(%x: tensor<4x8xf32>, %scale: tensor<f32>)
    -> (tensor<4x2xf32>, tensor<2x8xf32>) {
  // CHECK: %[[CODES:.+]] = "seedlm.join_planes"
  // CHECK-NOT: seedlm.join
  // CHECK: "seedlm.contract"(%{{[^,]+}}, %[[CODES]],
  // CHECK: "seedlm.generate"(%[[CODES]],
  %codes = arith.constant dense<1> : tensor<2x4xi8>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<4x8xf32>, tensor<2x4xi8>, tensor<f32>) -> tensor<4x2xf32>
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x4xi8>, tensor<f32>) -> tensor<2x8xf32>
  util.return %y, %w : tensor<4x2xf32>, tensor<2x8xf32>
}

// CHECK-LABEL: @narrow_indices(
util.func public @narrow_indices(%indices: tensor<3xi8>, %scale: tensor<f32>) -> tensor<3x8xf32> {
  // CHECK: %[[CODES:.+]] = "seedlm.join_planes"
  // CHECK: "seedlm.gather"(%{{[^,]+}}, %[[CODES]],
  %codes = arith.constant dense<1> : tensor<2x4xi8>
  %rows = "seedlm.gather"(%indices, %codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<3xi8>, tensor<2x4xi8>, tensor<f32>) -> tensor<3x8xf32>
  util.return %rows : tensor<3x8xf32>
}

// There are no kernels for a code that is no preset.
// CHECK-LABEL: @other_code(
util.func public @other_code(%x: tensor<4x16xf32>, %scale: tensor<f32>) -> tensor<4x1xf32> {
  // CHECK: %[[CODES:.+]] = "seedlm.join_planes"
  // CHECK: "seedlm.contract"(%{{[^,]+}}, %[[CODES]],
  %codes = arith.constant dense<1> : tensor<1x6xi8>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 2, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 0, basis_bits = 16
  } : (tensor<4x16xf32>, tensor<1x6xi8>, tensor<f32>) -> tensor<4x1xf32>
  util.return %y : tensor<4x1xf32>
}
