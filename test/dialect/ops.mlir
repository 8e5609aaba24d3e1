// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: iree-opt --irdl-file=%irdl %s | FileCheck %s
// RUN: seedlm-opt %s | FileCheck %s

// CHECK-DAG: #[[$ROWS_IN:.+]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[$ROWS_OUT:.+]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-DAG: #[[$COLUMNS_IN:.+]] = affine_map<(d0, d1, d2) -> (d2, d0)>
// CHECK-DAG: #[[$COLUMNS_OUT:.+]] = affine_map<(d0, d1, d2) -> (d1, d0)>
// CHECK-DAG: #[[$VECTOR_IN:.+]] = affine_map<(d0, d1) -> (d1)>
// CHECK-DAG: #[[$VECTOR_OUT:.+]] = affine_map<(d0, d1) -> (d0)>
// CHECK-DAG: #[[$BATCH_IN:.+]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
// CHECK-DAG: #[[$BATCH_OUT:.+]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>

// CHECK-LABEL: @generate(
util.func private @generate(%codes: tensor<2x8xi8>, %scale: tensor<f32>) -> tensor<2x16xf32> {
  // CHECK: "seedlm.generate"(%{{.+}}, %{{.+}}) {basis_bits = 16 : i64, block = 8 : i64,
  // CHECK-SAME: coefficient_bits = 4 : i64, exponent_bits = 4 : i64, generator = "lfsr",
  // CHECK-SAME: latent = 3 : i64, lfsr_width = 16 : i64, taps = array<i64: 0, 1, 3, 12>}
  // CHECK-SAME: (tensor<2x8xi8>, tensor<f32>) -> tensor<2x16xf32>
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x8xi8>, tensor<f32>) -> tensor<2x16xf32>
  util.return %w : tensor<2x16xf32>
}

// Two 36-bit records a row, the second one of a single weight; half-precision weights.
// CHECK-LABEL: @generate_3bit(
util.func private @generate_3bit(%codes: tensor<2x9xi8>, %scale: tensor<f32>) -> tensor<2x13xbf16> {
  // CHECK: "seedlm.generate"{{.+}}block = 12{{.+}}latent = 4{{.+}} -> tensor<2x13xbf16>
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 12, latent = 4, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x9xi8>, tensor<f32>) -> tensor<2x13xbf16>
  util.return %w : tensor<2x13xbf16>
}

// Constant records of zero weights: seed 1, all other fields 0.
// CHECK-LABEL: @generate_constant(
util.func private @generate_constant() -> tensor<1x16xf32> {
  %codes = arith.constant dense<[[1, 0, 0, 0, 1, 0, 0, 0]]> : tensor<1x8xi8>
  %scale = arith.constant dense<0.5> : tensor<f32>
  // CHECK: "seedlm.generate"{{.+}} -> tensor<1x16xf32>
  %w = "seedlm.generate"(%codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<1x8xi8>, tensor<f32>) -> tensor<1x16xf32>
  util.return %w : tensor<1x16xf32>
}

// CHECK-LABEL: @contract_matrix(
util.func private @contract_matrix(%x: tensor<?x16xf32>, %codes: tensor<2x8xi8>,
                                   %scale: tensor<f32>) -> tensor<?x2xf32> {
  // CHECK: "seedlm.contract"{{.+}}indexing_maps = [#[[$ROWS_IN]], #[[$ROWS_OUT]]]
  // CHECK-SAME: (tensor<?x16xf32>, tensor<2x8xi8>, tensor<f32>) -> tensor<?x2xf32>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<?x16xf32>, tensor<2x8xi8>, tensor<f32>) -> tensor<?x2xf32>
  util.return %y : tensor<?x2xf32>
}

// CHECK-LABEL: @contract_columns(
util.func private @contract_columns(%x: tensor<16x4xf16>, %codes: tensor<2x8xi8>,
                                    %scale: tensor<f32>) -> tensor<2x4xf16> {
  // CHECK: "seedlm.contract"{{.+}}indexing_maps = [#[[$COLUMNS_IN]], #[[$COLUMNS_OUT]]]
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (n, m)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<16x4xf16>, tensor<2x8xi8>, tensor<f32>) -> tensor<2x4xf16>
  util.return %y : tensor<2x4xf16>
}

// CHECK-LABEL: @contract_vector(
util.func private @contract_vector(%x: tensor<16xf32>, %codes: tensor<2x8xi8>,
                                   %scale: tensor<f32>) -> tensor<2xf32> {
  // CHECK: "seedlm.contract"{{.+}}indexing_maps = [#[[$VECTOR_IN]], #[[$VECTOR_OUT]]]
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(n, k) -> (k)>, affine_map<(n, k) -> (n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<16xf32>, tensor<2x8xi8>, tensor<f32>) -> tensor<2xf32>
  util.return %y : tensor<2xf32>
}

// CHECK-LABEL: @contract_batch(
util.func private @contract_batch(%x: tensor<?x4x16xf32>, %codes: tensor<2x8xi8>,
                                  %scale: tensor<f32>) -> tensor<?x4x2xf32> {
  // CHECK: "seedlm.contract"{{.+}}indexing_maps = [#[[$BATCH_IN]], #[[$BATCH_OUT]]]
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (b, m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<?x4x16xf32>, tensor<2x8xi8>, tensor<f32>) -> tensor<?x4x2xf32>
  util.return %y : tensor<?x4x2xf32>
}

// CHECK-LABEL: @gather(
util.func private @gather(%indices: tensor<1x?xi64>, %codes: tensor<2x8xi8>,
                          %scale: tensor<f32>) -> tensor<1x?x16xf32> {
  // CHECK: "seedlm.gather"{{.+}}taps = array<i64: 0, 1, 3, 12>}
  // CHECK-SAME: (tensor<1x?xi64>, tensor<2x8xi8>, tensor<f32>) -> tensor<1x?x16xf32>
  %rows = "seedlm.gather"(%indices, %codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<1x?xi64>, tensor<2x8xi8>, tensor<f32>) -> tensor<1x?x16xf32>
  util.return %rows : tensor<1x?x16xf32>
}

// CHECK-LABEL: @join_words(
util.func private @join_words(%words: tensor<2x3xi32>) -> tensor<2x12xi8> {
  // CHECK: "seedlm.join_planes"(%{{.+}}) {operandSegmentSizes = array<i32: 1, 0>}
  %codes = "seedlm.join_planes"(%words) {operandSegmentSizes = array<i32: 1, 0>}
    : (tensor<2x3xi32>) -> tensor<2x12xi8>
  util.return %codes : tensor<2x12xi8>
}

// The second group of a row has five of its nine bytes.
// CHECK-LABEL: @join_words_and_bytes(
util.func private @join_words_and_bytes(%low: tensor<2x2xi32>, %high: tensor<2x2xi32>,
                                        %last: tensor<2x2xi8>) -> tensor<2x14xi8> {
  // CHECK: "seedlm.join_planes"(%{{.+}}, %{{.+}}, %{{.+}}) {operandSegmentSizes = array<i32: 2, 1>}
  %codes = "seedlm.join_planes"(%low, %high, %last) {operandSegmentSizes = array<i32: 2, 1>}
    : (tensor<2x2xi32>, tensor<2x2xi32>, tensor<2x2xi8>) -> tensor<2x14xi8>
  util.return %codes : tensor<2x14xi8>
}

// Rows 65 .. 127 of the second tile are missing.
// CHECK-LABEL: @join_tiles(
util.func private @join_tiles(%tiles: tensor<2x512xi8>) -> tensor<65x8xi8> {
  // CHECK: "seedlm.join_tiles"(%{{.+}}) : (tensor<2x512xi8>) -> tensor<65x8xi8>
  %codes = "seedlm.join_tiles"(%tiles) : (tensor<2x512xi8>) -> tensor<65x8xi8>
  util.return %codes : tensor<65x8xi8>
}
