// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants{min-size=16})' %s | FileCheck %s
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants{min-size=16 compress-embeddings=true})' %s | FileCheck %s --check-prefix=BOTH

// CHECK-LABEL: @embedding(
// BOTH-LABEL: @embedding(
util.func public @embedding(%indices: tensor<1x?xi64>, %init: tensor<1x?x8xf32>)
    -> tensor<1x?x8xf32> {
  %table = arith.constant dense<0.5> : tensor<6x8xf32>
  // CHECK-NOT: seedlm.generate
  // CHECK: %[[TABLE:.+]] = arith.constant dense<5.000000e-01> : tensor<6x8xf32>
  // CHECK-NOT: seedlm.generate
  // CHECK: tensor.extract %[[TABLE]][

  // BOTH: %[[TABLE:.+]] = "seedlm.generate"{{.+}} -> tensor<6x8xf32>
  // BOTH-NOT: dense<5.0
  // BOTH: tensor.extract %[[TABLE]][
  %rows = linalg.generic {
    indexing_maps = [affine_map<(b, i, k) -> (b, i)>, affine_map<(b, i, k) -> (b, i, k)>],
    iterator_types = ["parallel", "parallel", "parallel"]
  } ins(%indices : tensor<1x?xi64>) outs(%init : tensor<1x?x8xf32>) {
  ^bb0(%index: i64, %out: f32):
    %row = arith.index_cast %index : i64 to index
    %column = linalg.index 2 : index
    %value = tensor.extract %table[%row, %column] : tensor<6x8xf32>
    linalg.yield %value : f32
  } -> tensor<1x?x8xf32>
  util.return %rows : tensor<1x?x8xf32>
}

// One table for the embedding and, transposed, for the head.
// CHECK-LABEL: @tied(
// BOTH-LABEL: @tied(
util.func public @tied(%indices: tensor<4xi64>, %rows_init: tensor<4x8xf32>,
                       %init: tensor<4x6xf32>) -> tensor<4x6xf32> {
  %table = arith.constant dense<0.5> : tensor<6x8xf32>
  // CHECK: %[[CODED:.+]] = "seedlm.generate"{{.+}} -> tensor<6x8xf32>
  // CHECK: %[[TABLE:.+]] = arith.constant dense<5.000000e-01> : tensor<6x8xf32>
  // CHECK: tensor.extract %[[TABLE]][
  // CHECK: %[[T:.+]] = linalg.transpose ins(%[[CODED]] :
  // CHECK: linalg.matmul ins(%{{.+}}, %[[T]] :

  // BOTH: %[[TABLE:.+]] = "seedlm.generate"{{.+}} -> tensor<6x8xf32>
  // BOTH-NOT: dense<5.0
  // BOTH-NOT: seedlm.generate
  // BOTH: tensor.extract %[[TABLE]][
  // BOTH: %[[T:.+]] = linalg.transpose ins(%[[TABLE]] :
  // BOTH: linalg.matmul ins(%{{.+}}, %[[T]] :
  %rows = linalg.generic {
    indexing_maps = [affine_map<(i, k) -> (i)>, affine_map<(i, k) -> (i, k)>],
    iterator_types = ["parallel", "parallel"]
  } ins(%indices : tensor<4xi64>) outs(%rows_init : tensor<4x8xf32>) {
  ^bb0(%index: i64, %out: f32):
    %row = arith.index_cast %index : i64 to index
    %column = linalg.index 1 : index
    %value = tensor.extract %table[%row, %column] : tensor<6x8xf32>
    linalg.yield %value : f32
  } -> tensor<4x8xf32>
  %empty = tensor.empty() : tensor<8x6xf32>
  %t = linalg.transpose ins(%table : tensor<6x8xf32>) outs(%empty : tensor<8x6xf32>) permutation = [1, 0]
  %y = linalg.matmul ins(%rows, %t : tensor<4x8xf32>, tensor<8x6xf32>)
                     outs(%init : tensor<4x6xf32>) -> tensor<4x6xf32>
  util.return %y : tensor<4x6xf32>
}

// Elements, not rows, are read: the second index is not the loop over columns.
// CHECK-LABEL: @elements(
// BOTH-LABEL: @elements(
util.func public @elements(%indices: tensor<4x8xi64>, %init: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %table = arith.constant dense<0.5> : tensor<6x8xf32>
  // CHECK-NOT: seedlm.generate
  // BOTH-NOT: seedlm.generate
  %rows = linalg.generic {
    indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i, k)>],
    iterator_types = ["parallel", "parallel"]
  } ins(%indices : tensor<4x8xi64>) outs(%init : tensor<4x8xf32>) {
  ^bb0(%index: i64, %out: f32):
    %row = arith.index_cast %index : i64 to index
    %column = linalg.index 0 : index
    %value = tensor.extract %table[%row, %column] : tensor<6x8xf32>
    linalg.yield %value : f32
  } -> tensor<4x8xf32>
  util.return %rows : tensor<4x8xf32>
}

// The indices are not read in the order of the result's rows.
// CHECK-LABEL: @permuted(
// BOTH-LABEL: @permuted(
util.func public @permuted(%indices: tensor<2x3xi64>, %init: tensor<3x2x8xf32>) -> tensor<3x2x8xf32> {
  %table = arith.constant dense<0.5> : tensor<6x8xf32>
  // CHECK-NOT: seedlm.generate
  // BOTH-NOT: seedlm.generate
  %rows = linalg.generic {
    indexing_maps = [affine_map<(i, j, k) -> (j, i)>, affine_map<(i, j, k) -> (i, j, k)>],
    iterator_types = ["parallel", "parallel", "parallel"]
  } ins(%indices : tensor<2x3xi64>) outs(%init : tensor<3x2x8xf32>) {
  ^bb0(%index: i64, %out: f32):
    %row = arith.index_cast %index : i64 to index
    %column = linalg.index 2 : index
    %value = tensor.extract %table[%row, %column] : tensor<6x8xf32>
    linalg.yield %value : f32
  } -> tensor<3x2x8xf32>
  util.return %rows : tensor<3x2x8xf32>
}
