// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants,seedlm-pack-codes)' %s | FileCheck %s

// Planes are named after their weight. A weight that is loaded twice has them once: both constants
// name the same resource.

util.global private @w = dense<0.5> : tensor<64x64xf32>

// CHECK-LABEL: @twice(
util.func public @twice(%x: tensor<64x4xf32>, %init: tensor<64x4xf32>) -> tensor<64x4xf32> {
  // CHECK-COUNT-2: arith.constant dense_resource<w.codes.0> : tensor<64x8xi32>
  // CHECK: dialect_resources
  // CHECK: w.codes.0: "0x
  // CHECK-NOT: : "0x
  %w0 = util.global.load @w : tensor<64x64xf32>
  %y0 = linalg.matmul ins(%w0, %x : tensor<64x64xf32>, tensor<64x4xf32>)
                      outs(%init : tensor<64x4xf32>) -> tensor<64x4xf32>
  %w1 = util.global.load @w : tensor<64x64xf32>
  %y1 = linalg.matmul ins(%w1, %y0 : tensor<64x64xf32>, tensor<64x4xf32>)
                      outs(%init : tensor<64x4xf32>) -> tensor<64x4xf32>
  util.return %y1 : tensor<64x4xf32>
}
