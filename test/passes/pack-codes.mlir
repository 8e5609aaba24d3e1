// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-pack-codes)' %s | FileCheck %s

// One plane of words: 0x04030201 and 0x80070605 in the first row.
// CHECK-LABEL: @four_bits(
util.func public @four_bits(%scale: tensor<f32>) -> tensor<2x16xf32> {
  // CHECK-NOT: tensor<2x8xi8>
  // CHECK: %[[WORDS:.+]] = arith.constant dense<{{\[\[}}67305985, -2147023355], [1, -1]]> : tensor<2x2xi32>
  // CHECK-NEXT: %[[CODES:.+]] = "seedlm.join_planes"(%[[WORDS]]) {operandSegmentSizes = array<i32: 1, 0>}
  // CHECK-SAME: (tensor<2x2xi32>) -> tensor<2x8xi8>
  // CHECK-NEXT: "seedlm.generate"(%[[CODES]], %{{.+}}) {basis_bits
  %codes = arith.constant dense<[[1, 2, 3, 4, 5, 6, 7, -128],
                                 [1, 0, 0, 0, -1, -1, -1, -1]]> : tensor<2x8xi8>
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<2x16xf32>
  util.return %w : tensor<2x16xf32>
}

// Two records of 36 bits are a group of nine bytes: two words and a byte. The third record of the
// row starts a group that is filled with zeros: 0x04030201, 0x08070605, 0x09 and 0x0d0c0b0a, 0x0e, 0.
// CHECK-LABEL: @three_bits(
util.func public @three_bits(%x: tensor<4x36xf32>, %scale: tensor<f32>) -> tensor<4x1xf32> {
  // CHECK-NOT: tensor<1x14xi8>
  // CHECK: %[[LOW:.+]] = arith.constant dense<{{\[\[}}67305985, 218893066]]> : tensor<1x2xi32>
  // CHECK-NEXT: %[[HIGH:.+]] = arith.constant dense<{{\[\[}}134678021, 14]]> : tensor<1x2xi32>
  // CHECK-NEXT: %[[LAST:.+]] = arith.constant dense<{{\[\[}}9, 0]]> : tensor<1x2xi8>
  // CHECK-NEXT: %[[CODES:.+]] = "seedlm.join_planes"(%[[LOW]], %[[HIGH]], %[[LAST]]) {operandSegmentSizes = array<i32: 2, 1>}
  // CHECK-SAME: -> tensor<1x14xi8>
  // CHECK-NEXT: "seedlm.contract"(%{{.+}}, %[[CODES]], %{{.+}}) {basis_bits
  %codes = arith.constant dense<[[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]]> : tensor<1x14xi8>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 12, latent = 4, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<4x36xf32>, tensor<1x14xi8>, tensor<f32>) -> tensor<4x1xf32>
  util.return %y : tensor<4x1xf32>
}

// Records of 24 bits make three planes of bytes and none of words.
// CHECK-LABEL: @bytes(
util.func public @bytes(%scale: tensor<f32>) -> tensor<1x16xf32> {
  // CHECK: %[[FIRST:.+]] = arith.constant dense<{{\[\[}}1, 4]]> : tensor<1x2xi8>
  // CHECK-NEXT: %[[SECOND:.+]] = arith.constant dense<{{\[\[}}2, 5]]> : tensor<1x2xi8>
  // CHECK-NEXT: %[[THIRD:.+]] = arith.constant dense<{{\[\[}}3, 6]]> : tensor<1x2xi8>
  // CHECK-NEXT: "seedlm.join_planes"(%[[FIRST]], %[[SECOND]], %[[THIRD]]) {operandSegmentSizes = array<i32: 0, 3>}
  %codes = arith.constant dense<[[1, 2, 3, 4, 5, 6]]> : tensor<1x6xi8>
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 2, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 0, basis_bits = 16
  } : (tensor<1x6xi8>, tensor<f32>) -> tensor<1x16xf32>
  util.return %w : tensor<1x16xf32>
}

// Codes with two readers are packed once.
// CHECK-LABEL: @shared(
util.func public @shared(%x: tensor<4x8xf32>, %indices: tensor<3xi32>, %scale: tensor<f32>)
    -> (tensor<4x2xf32>, tensor<3x8xf32>) {
  // CHECK: %[[CODES:.+]] = "seedlm.join_planes"
  // CHECK-NOT: seedlm.join_planes
  // CHECK: "seedlm.contract"(%{{[^,]+}}, %[[CODES]],
  // CHECK-NOT: seedlm.join_planes
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

// Codes that are not constant stay as they are.
// CHECK-LABEL: @variable(
// CHECK-SAME: %[[CODES:[^:]+]]: tensor<2x4xi8>
util.func public @variable(%codes: tensor<2x4xi8>, %scale: tensor<f32>) -> tensor<2x8xf32> {
  // CHECK-NOT: seedlm.join_planes
  // CHECK: "seedlm.generate"(%[[CODES]],
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x4xi8>, tensor<f32>) -> tensor<2x8xf32>
  util.return %w : tensor<2x8xf32>
}
