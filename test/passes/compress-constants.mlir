// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants{code=paper-4bit min-size=16})' %s | FileCheck %s

// One row of each weight, the one of output 0, is zero: its records are 1, 0, 0, 0.

// The weight [inputs, outputs] of an ONNX export.
// CHECK-LABEL: @matmul(
util.func public @matmul(%x: tensor<4x8xf32>, %init: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w = arith.constant dense<[[0.0, 0.5], [0.0, 0.5], [0.0, 0.5], [0.0, 0.5],
                             [0.0, 0.5], [0.0, 0.5], [0.0, 0.5], [0.0, 0.5]]> : tensor<8x2xf32>
  // CHECK-DAG: %[[CODES:.+]] = arith.constant dense<{{\[\[}}1, 0, 0, 0], [{{.+}}]]> : tensor<2x4xi8>
  // CHECK-DAG: %[[SCALE:.+]] = arith.constant dense<{{.+}}> : tensor<f32>
  // CHECK: %[[W:.+]] = "seedlm.generate"(%[[CODES]], %[[SCALE]]) {basis_bits = 16 : i64,
  // CHECK-SAME: block = 8 : i64, coefficient_bits = 4 : i64, exponent_bits = 4 : i64,
  // CHECK-SAME: generator = "lfsr", latent = 3 : i64, lfsr_width = 16 : i64,
  // CHECK-SAME: taps = array<i64: 0, 1, 3, 12>} : (tensor<2x4xi8>, tensor<f32>) -> tensor<2x8xf32>
  // CHECK: %[[T:.+]] = linalg.transpose ins(%[[W]] : {{.+}} outs({{.+}} : tensor<8x2xf32>) permutation = [1, 0]
  // CHECK-NOT: arith.constant
  // CHECK: linalg.matmul ins(%{{.+}}, %[[T]] :
  %y = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x2xf32>)
                     outs(%init : tensor<4x2xf32>) -> tensor<4x2xf32>
  util.return %y : tensor<4x2xf32>
}

// The weight [outputs, inputs] of a PyTorch export.
// CHECK-LABEL: @transposed(
util.func public @transposed(%x: tensor<4x8xf32>, %init: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w = arith.constant dense<[[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                             [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]]> : tensor<2x8xf32>
  %empty = tensor.empty() : tensor<8x2xf32>
  // CHECK: dense<{{\[\[}}1, 0, 0, 0], [{{.+}}]]> : tensor<2x4xi8>
  // CHECK: %[[W:.+]] = "seedlm.generate"{{.+}} -> tensor<2x8xf32>
  // CHECK: %[[T:.+]] = linalg.transpose ins(%[[W]] :
  // CHECK-NOT: linalg.transpose
  // CHECK: linalg.matmul ins(%{{.+}}, %[[T]] :
  %t = linalg.transpose ins(%w : tensor<2x8xf32>) outs(%empty : tensor<8x2xf32>) permutation = [1, 0]
  %y = linalg.matmul ins(%x, %t : tensor<4x8xf32>, tensor<8x2xf32>)
                     outs(%init : tensor<4x2xf32>) -> tensor<4x2xf32>
  util.return %y : tensor<4x2xf32>
}

// A matmul that reads its right side by columns, without linalg.transpose.
// CHECK-LABEL: @transposed_map(
util.func public @transposed_map(%x: tensor<4x8xf32>, %init: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w = arith.constant dense<0.5> : tensor<2x8xf32>
  // CHECK: %[[W:.+]] = "seedlm.generate"{{.+}} -> tensor<2x8xf32>
  // CHECK-NOT: linalg.transpose
  // CHECK: ins(%{{.+}}, %[[W]] :
  %y = linalg.matmul
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                     affine_map<(m, n, k) -> (m, n)>]
    ins(%x, %w : tensor<4x8xf32>, tensor<2x8xf32>) outs(%init : tensor<4x2xf32>) -> tensor<4x2xf32>
  util.return %y : tensor<4x2xf32>
}

// Gemm: the bias is where the accumulator starts.
// CHECK-LABEL: @gemm(
util.func public @gemm(%x: tensor<4x8xf32>, %bias: tensor<2xf32>) -> tensor<4x2xf32> {
  %w = arith.constant dense<0.5> : tensor<2x8xf32>
  %empty_t = tensor.empty() : tensor<8x2xf32>
  %empty_y = tensor.empty() : tensor<4x2xf32>
  // CHECK: %[[W:.+]] = "seedlm.generate"{{.+}} -> tensor<2x8xf32>
  // CHECK: %[[T:.+]] = linalg.transpose ins(%[[W]] :
  // CHECK: %[[BIAS:.+]] = linalg.broadcast
  // CHECK: linalg.matmul ins(%{{.+}}, %[[T]] : {{.+}} outs(%[[BIAS]] :
  %t = linalg.transpose ins(%w : tensor<2x8xf32>) outs(%empty_t : tensor<8x2xf32>) permutation = [1, 0]
  %b = linalg.broadcast ins(%bias : tensor<2xf32>) outs(%empty_y : tensor<4x2xf32>) dimensions = [0]
  %y = linalg.matmul ins(%x, %t : tensor<4x8xf32>, tensor<8x2xf32>)
                     outs(%b : tensor<4x2xf32>) -> tensor<4x2xf32>
  util.return %y : tensor<4x2xf32>
}

// A batched ONNX matmul repeats its weight.
// CHECK-LABEL: @batch(
util.func public @batch(%x: tensor<3x4x8xf32>, %init: tensor<3x4x2xf32>) -> tensor<3x4x2xf32> {
  %w = arith.constant dense<[[0.0, 0.5], [0.0, 0.5], [0.0, 0.5], [0.0, 0.5],
                             [0.0, 0.5], [0.0, 0.5], [0.0, 0.5], [0.0, 0.5]]> : tensor<8x2xf32>
  %empty = tensor.empty() : tensor<3x8x2xf32>
  // CHECK: dense<{{\[\[}}1, 0, 0, 0], [{{.+}}]]> : tensor<2x4xi8>
  // CHECK: %[[W:.+]] = "seedlm.generate"{{.+}} -> tensor<2x8xf32>
  // CHECK: %[[T:.+]] = linalg.transpose ins(%[[W]] : {{.+}} permutation = [1, 0]
  // CHECK: linalg.generic {{.+}} ins(%[[T]] : tensor<8x2xf32>) outs(%{{.+}} : tensor<3x8x2xf32>)
  %b = linalg.generic {
    indexing_maps = [affine_map<(b, k, n) -> (k, n)>, affine_map<(b, k, n) -> (b, k, n)>],
    iterator_types = ["parallel", "parallel", "parallel"]
  } ins(%w : tensor<8x2xf32>) outs(%empty : tensor<3x8x2xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<3x8x2xf32>
  %y = linalg.batch_matmul ins(%x, %b : tensor<3x4x8xf32>, tensor<3x8x2xf32>)
                           outs(%init : tensor<3x4x2xf32>) -> tensor<3x4x2xf32>
  util.return %y : tensor<3x4x2xf32>
}

// CHECK-LABEL: @dynamic_batch(
util.func public @dynamic_batch(%x: tensor<?x4x8xf32>, %init: tensor<?x4x2xf32>,
                                %size: index) -> tensor<?x4x2xf32> {
  %w = arith.constant dense<0.5> : tensor<8x2xf32>
  %empty = tensor.empty(%size) : tensor<?x8x2xf32>
  // CHECK: %[[W:.+]] = "seedlm.generate"{{.+}} -> tensor<2x8xf32>
  // CHECK: %[[T:.+]] = linalg.transpose ins(%[[W]] : {{.+}} permutation = [1, 0]
  // CHECK: linalg.broadcast ins(%[[T]] :
  %b = linalg.broadcast ins(%w : tensor<8x2xf32>) outs(%empty : tensor<?x8x2xf32>) dimensions = [0]
  %y = linalg.batch_matmul ins(%x, %b : tensor<?x4x8xf32>, tensor<?x8x2xf32>)
                           outs(%init : tensor<?x4x2xf32>) -> tensor<?x4x2xf32>
  util.return %y : tensor<?x4x2xf32>
}

// W @ X.
// CHECK-LABEL: @left(
util.func public @left(%x: tensor<8x4xf32>, %init: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %w = arith.constant dense<0.5> : tensor<2x8xf32>
  // CHECK: %[[W:.+]] = "seedlm.generate"{{.+}} -> tensor<2x8xf32>
  // CHECK-NOT: linalg.transpose
  // CHECK: linalg.matmul ins(%[[W]],
  %y = linalg.matmul ins(%w, %x : tensor<2x8xf32>, tensor<8x4xf32>)
                     outs(%init : tensor<2x4xf32>) -> tensor<2x4xf32>
  util.return %y : tensor<2x4xf32>
}

// W @ x.
// CHECK-LABEL: @matvec(
util.func public @matvec(%x: tensor<8xf32>, %init: tensor<2xf32>) -> tensor<2xf32> {
  %w = arith.constant dense<0.5> : tensor<2x8xf32>
  // CHECK: %[[W:.+]] = "seedlm.generate"{{.+}} -> tensor<2x8xf32>
  // CHECK-NOT: linalg.transpose
  // CHECK: linalg.matvec ins(%[[W]],
  %y = linalg.matvec ins(%w, %x : tensor<2x8xf32>, tensor<8xf32>)
                     outs(%init : tensor<2xf32>) -> tensor<2xf32>
  util.return %y : tensor<2xf32>
}

// x @ W.
// CHECK-LABEL: @vecmat(
util.func public @vecmat(%x: tensor<8xf32>, %init: tensor<2xf32>) -> tensor<2xf32> {
  %w = arith.constant dense<0.5> : tensor<8x2xf32>
  // CHECK: %[[W:.+]] = "seedlm.generate"{{.+}} -> tensor<2x8xf32>
  // CHECK: %[[T:.+]] = linalg.transpose ins(%[[W]] : {{.+}} permutation = [1, 0]
  // CHECK: linalg.vecmat ins(%{{.+}}, %[[T]] :
  %y = linalg.vecmat ins(%x, %w : tensor<8xf32>, tensor<8x2xf32>)
                     outs(%init : tensor<2xf32>) -> tensor<2xf32>
  util.return %y : tensor<2xf32>
}

// A contraction written as a generic, through a unit dimension.
// CHECK-LABEL: @generic(
util.func public @generic(%x: tensor<4x8xf32>, %init: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w = arith.constant dense<0.5> : tensor<1x2x8xf32>
  // CHECK: %[[W:.+]] = "seedlm.generate"{{.+}} -> tensor<2x8xf32>
  // CHECK: %[[EXPANDED:.+]] = tensor.expand_shape %[[W]] {{.+}} into tensor<2x1x8xf32>
  // CHECK: %[[T:.+]] = linalg.transpose ins(%[[EXPANDED]] : {{.+}} permutation = [1, 0, 2]
  // CHECK: tensor.collapse_shape %[[T]]
  %c = tensor.collapse_shape %w [[0, 1], [2]] : tensor<1x2x8xf32> into tensor<2x8xf32>
  %y = linalg.generic {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                     affine_map<(m, n, k) -> (m, n)>],
    iterator_types = ["parallel", "parallel", "reduction"]
  } ins(%x, %c : tensor<4x8xf32>, tensor<2x8xf32>) outs(%init : tensor<4x2xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %product = arith.mulf %a, %b : f32
    %sum = arith.addf %out, %product : f32
    linalg.yield %sum : f32
  } -> tensor<4x2xf32>
  util.return %y : tensor<4x2xf32>
}

// One weight, two products: the codes are read by both, and no dense constant is left.
// CHECK-LABEL: @shared(
util.func public @shared(%x: tensor<4x8xf32>, %init: tensor<4x2xf32>)
    -> (tensor<4x2xf32>, tensor<4x2xf32>) {
  %w = arith.constant dense<0.5> : tensor<8x2xf32>
  // CHECK: %[[W:.+]] = "seedlm.generate"
  // CHECK: %[[T:.+]] = linalg.transpose ins(%[[W]] :
  // CHECK-NOT: arith.constant
  // CHECK-NOT: "seedlm.generate"
  // CHECK-COUNT-2: linalg.matmul ins(%{{.+}}, %[[T]] :
  %a = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x2xf32>)
                     outs(%init : tensor<4x2xf32>) -> tensor<4x2xf32>
  %b = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x2xf32>)
                     outs(%init : tensor<4x2xf32>) -> tensor<4x2xf32>
  util.return %a, %b : tensor<4x2xf32>, tensor<4x2xf32>
}
