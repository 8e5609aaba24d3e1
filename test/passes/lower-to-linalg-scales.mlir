// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt %s --pass-pipeline='seedlm-pack-codes,seedlm-lower-to-linalg' | FileCheck %s

// Where a scale is read: by a map if a loop says where, else by tensor.extract.

// A scale for each row is read after the sum, over the rows' loop, and converted in the body.
// CHECK-DAG: #[[ROWS:.+]] = affine_map<(d0, d1) -> (d1)>
// CHECK-LABEL: @row
// CHECK-NOT: linalg.index
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "reduction"]}
// CHECK-NOT: arith.extf
// CHECK: linalg.yield
// CHECK: linalg.generic {indexing_maps = [#{{.+}}, #[[ROWS]], {{.*}}iterator_types = ["parallel", "parallel"]}
// CHECK: arith.extf %{{.+}} : f16 to f32
util.func public @row(%x: tensor<4x8xf32>, %scale: tensor<2xf16>) -> tensor<4x2xf32> {
  %codes = arith.constant dense<[[1, 0, 0, 0], [1, 0, 0, 0]]> : tensor<2x4xi8>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<4x8xf32>, tensor<2x4xi8>, tensor<2xf16>) -> tensor<4x2xf32>
  util.return %y : tensor<4x2xf32>
}

// A scale for each group of columns is extracted at the row and the column over the group's size.
// CHECK-LABEL: @group
// CHECK: linalg.index 1 : index
// CHECK: arith.divui %{{.+}}, %c128_i32
// CHECK: tensor.extract %{{.+}}[%{{.+}}, %{{.+}}] : tensor<1x2xf32>
util.func public @group(%x: tensor<4x136xf32>, %scale: tensor<1x2xf32>) -> tensor<4x1xf32> {
  %planes = arith.constant dense<1> : tensor<1x17xi32>
  %joined = "seedlm.join_planes"(%planes) {operandSegmentSizes = array<i32: 1, 0>} : (tensor<1x17xi32>) -> tensor<1x68xi8>
  %y = "seedlm.contract"(%x, %joined, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<4x136xf32>, tensor<1x68xi8>, tensor<1x2xf32>) -> tensor<4x1xf32>
  util.return %y : tensor<4x1xf32>
}

// Rows that an index names have their scale extracted.
// CHECK-LABEL: @gather
// CHECK: tensor.extract %{{.+}}[%{{.+}}] : tensor<2xf16>
util.func public @gather(%i: tensor<?xi64>, %scale: tensor<2xf16>) -> tensor<?x8xf32> {
  %codes = arith.constant dense<[[1, 0, 0, 0], [1, 0, 0, 0]]> : tensor<2x4xi8>
  %rows = "seedlm.gather"(%i, %codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<?xi64>, tensor<2x4xi8>, tensor<2xf16>) -> tensor<?x8xf32>
  util.return %rows : tensor<?x8xf32>
}
