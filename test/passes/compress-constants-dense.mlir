// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants{min-size=16})' %s | FileCheck %s

// Constants that stay as they are.
// CHECK-NOT: seedlm.generate

// CHECK-LABEL: @depthwise(
util.func public @depthwise(%x: tensor<1x8x4x4xf32>, %init: tensor<1x8x3x3xf32>)
    -> tensor<1x8x3x3xf32> {
  // CHECK: arith.constant dense<5.000000e-01> : tensor<8x2x2xf32>
  %w = arith.constant dense<0.5> : tensor<8x2x2xf32>
  // CHECK-NOT: seedlm.generate
  %y = linalg.depthwise_conv_2d_nchw_chw ins(%x, %w : tensor<1x8x4x4xf32>, tensor<8x2x2xf32>)
                                         outs(%init : tensor<1x8x3x3xf32>) -> tensor<1x8x3x3xf32>
  util.return %y : tensor<1x8x3x3xf32>
}

// One matrix for each element of the batch.
// CHECK-LABEL: @batched(
util.func public @batched(%x: tensor<3x4x8xf32>, %init: tensor<3x4x2xf32>) -> tensor<3x4x2xf32> {
  // CHECK: arith.constant dense<5.000000e-01> : tensor<3x8x2xf32>
  %w = arith.constant dense<0.5> : tensor<3x8x2xf32>
  // CHECK-NOT: seedlm.generate
  %y = linalg.batch_matmul ins(%x, %w : tensor<3x4x8xf32>, tensor<3x8x2xf32>)
                           outs(%init : tensor<3x4x2xf32>) -> tensor<3x4x2xf32>
  util.return %y : tensor<3x4x2xf32>
}

// CHECK-LABEL: @integer(
util.func public @integer(%x: tensor<4x8xi8>, %init: tensor<4x8xi32>) -> tensor<4x8xi32> {
  // CHECK: arith.constant dense<5> : tensor<8x8xi8>
  %w = arith.constant dense<5> : tensor<8x8xi8>
  // CHECK-NOT: seedlm.generate
  %y = linalg.matmul ins(%x, %w : tensor<4x8xi8>, tensor<8x8xi8>)
                     outs(%init : tensor<4x8xi32>) -> tensor<4x8xi32>
  util.return %y : tensor<4x8xi32>
}

// CHECK-LABEL: @double(
util.func public @double(%x: tensor<4x8xf64>, %init: tensor<4x8xf64>) -> tensor<4x8xf64> {
  // CHECK: arith.constant dense<5.000000e-01> : tensor<8x8xf64>
  %w = arith.constant dense<0.5> : tensor<8x8xf64>
  // CHECK-NOT: seedlm.generate
  %y = linalg.matmul ins(%x, %w : tensor<4x8xf64>, tensor<8x8xf64>)
                     outs(%init : tensor<4x8xf64>) -> tensor<4x8xf64>
  util.return %y : tensor<4x8xf64>
}

// 15 elements; `min-size` is 16.
// CHECK-LABEL: @small(
util.func public @small(%x: tensor<4x5xf32>, %init: tensor<4x3xf32>) -> tensor<4x3xf32> {
  // CHECK: arith.constant dense<5.000000e-01> : tensor<5x3xf32>
  %w = arith.constant dense<0.5> : tensor<5x3xf32>
  // CHECK-NOT: seedlm.generate
  %y = linalg.matmul ins(%x, %w : tensor<4x5xf32>, tensor<5x3xf32>)
                     outs(%init : tensor<4x3xf32>) -> tensor<4x3xf32>
  util.return %y : tensor<4x3xf32>
}

// A record of four bytes for each row of one weight.
// CHECK-LABEL: @narrow(
util.func public @narrow(%x: tensor<4x1xf32>, %init: tensor<4x32xf32>) -> tensor<4x32xf32> {
  // CHECK: arith.constant dense<5.000000e-01> : tensor<1x32xf32>
  %w = arith.constant dense<0.5> : tensor<1x32xf32>
  // CHECK-NOT: seedlm.generate
  %y = linalg.matmul ins(%x, %w : tensor<4x1xf32>, tensor<1x32xf32>)
                     outs(%init : tensor<4x32xf32>) -> tensor<4x32xf32>
  util.return %y : tensor<4x32xf32>
}

// CHECK-LABEL: @vector(
util.func public @vector(%x: tensor<4x32xf32>, %init: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: arith.constant dense<5.000000e-01> : tensor<32xf32>
  %w = arith.constant dense<0.5> : tensor<32xf32>
  // CHECK-NOT: seedlm.generate
  %y = linalg.matvec ins(%x, %w : tensor<4x32xf32>, tensor<32xf32>)
                     outs(%init : tensor<4xf32>) -> tensor<4xf32>
  util.return %y : tensor<4xf32>
}

// Values that are added, not multiplied with.
// CHECK-LABEL: @elementwise(
util.func public @elementwise(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  // CHECK: arith.constant dense<5.000000e-01> : tensor<8x8xf32>
  %w = arith.constant dense<0.5> : tensor<8x8xf32>
  // CHECK-NOT: seedlm.generate
  %y = arith.addf %x, %w : tensor<8x8xf32>
  util.return %y : tensor<8x8xf32>
}

// The constant that an accumulator starts with.
// CHECK-LABEL: @accumulator(
util.func public @accumulator(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  // CHECK: arith.constant dense<5.000000e-01> : tensor<8x8xf32>
  %w = arith.constant dense<0.5> : tensor<8x8xf32>
  // CHECK-NOT: seedlm.generate
  %y = linalg.matmul ins(%x, %x : tensor<8x8xf32>, tensor<8x8xf32>)
                     outs(%w : tensor<8x8xf32>) -> tensor<8x8xf32>
  util.return %y : tensor<8x8xf32>
}

// Both indices of a contraction's result come from the constant.
// CHECK-LABEL: @outer(
util.func public @outer(%x: tensor<8xf32>, %init: tensor<4x4xf32>) -> tensor<4x4xf32> {
  // CHECK: arith.constant dense<5.000000e-01> : tensor<4x4x8xf32>
  %w = arith.constant dense<0.5> : tensor<4x4x8xf32>
  // CHECK-NOT: seedlm.generate
  %y = linalg.generic {
    indexing_maps = [affine_map<(m, n, k) -> (m, n, k)>, affine_map<(m, n, k) -> (k)>,
                     affine_map<(m, n, k) -> (m, n)>],
    iterator_types = ["parallel", "parallel", "reduction"]
  } ins(%w, %x : tensor<4x4x8xf32>, tensor<8xf32>) outs(%init : tensor<4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %product = arith.mulf %a, %b : f32
    %sum = arith.addf %out, %product : f32
    linalg.yield %sum : f32
  } -> tensor<4x4xf32>
  util.return %y : tensor<4x4xf32>
}

// A weight that is returned as well keeps its constant; the product reads codes.
// CHECK-LABEL: @returned(
util.func public @returned(%x: tensor<4x8xf32>, %init: tensor<4x2xf32>)
    -> (tensor<4x2xf32>, tensor<8x2xf32>) {
  // CHECK: %[[CODED:.+]] = "seedlm.generate"
  // CHECK: %[[T:.+]] = linalg.transpose ins(%[[CODED]] :
  // CHECK: %[[DENSE:.+]] = arith.constant dense<5.000000e-01> : tensor<8x2xf32>
  %w = arith.constant dense<0.5> : tensor<8x2xf32>
  // CHECK: linalg.matmul ins(%{{.+}}, %[[T]] :
  %y = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x2xf32>)
                     outs(%init : tensor<4x2xf32>) -> tensor<4x2xf32>
  // CHECK: util.return %{{.+}}, %[[DENSE]]
  util.return %y, %w : tensor<4x2xf32>, tensor<8x2xf32>
}
