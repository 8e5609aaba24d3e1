// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants{code=paper-4bit min-size=16})' %s | FileCheck %s

// Row 0 of each weight is zero: its record is 1, 0, 0, 0. The generated weight has the type of the
// constant.

// CHECK-LABEL: @f16(
util.func public @f16(%x: tensor<8x4xf16>, %init: tensor<2x4xf16>) -> tensor<2x4xf16> {
  %w = arith.constant dense<[[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                             [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]]> : tensor<2x8xf16>
  // CHECK: dense<{{\[\[}}1, 0, 0, 0], [{{.+}}]]> : tensor<2x4xi8>
  // CHECK: dense<[[$SCALE:.+]]> : tensor<f32>
  // CHECK: %[[W:.+]] = "seedlm.generate"{{.+}} -> tensor<2x8xf16>
  // CHECK: linalg.matmul ins(%[[W]],
  %y = linalg.matmul ins(%w, %x : tensor<2x8xf16>, tensor<8x4xf16>)
                     outs(%init : tensor<2x4xf16>) -> tensor<2x4xf16>
  util.return %y : tensor<2x4xf16>
}

// CHECK-LABEL: @bf16(
util.func public @bf16(%x: tensor<8x4xbf16>, %init: tensor<2x4xbf16>) -> tensor<2x4xbf16> {
  %w = arith.constant dense<[[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                             [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]]> : tensor<2x8xbf16>
  // CHECK: dense<{{\[\[}}1, 0, 0, 0], [{{.+}}]]> : tensor<2x4xi8>
  // CHECK: dense<[[$SCALE]]> : tensor<f32>
  // CHECK: %[[W:.+]] = "seedlm.generate"{{.+}} -> tensor<2x8xbf16>
  // CHECK: linalg.matmul ins(%[[W]],
  %y = linalg.matmul ins(%w, %x : tensor<2x8xbf16>, tensor<8x4xbf16>)
                     outs(%init : tensor<2x4xbf16>) -> tensor<2x4xbf16>
  util.return %y : tensor<2x4xbf16>
}

// A bf16 splat is read in another way.
// CHECK-LABEL: @bf16_splat(
util.func public @bf16_splat(%x: tensor<8x4xbf16>, %init: tensor<2x4xbf16>) -> tensor<2x4xbf16> {
  %w = arith.constant dense<0.5> : tensor<2x8xbf16>
  // CHECK: dense<[[$SCALE]]> : tensor<f32>
  // CHECK: %[[W:.+]] = "seedlm.generate"{{.+}} -> tensor<2x8xbf16>
  // CHECK: linalg.matmul ins(%[[W]],
  %y = linalg.matmul ins(%w, %x : tensor<2x8xbf16>, tensor<8x4xbf16>)
                     outs(%init : tensor<2x4xbf16>) -> tensor<2x4xbf16>
  util.return %y : tensor<2x4xbf16>
}

// A weight that is stored in half precision and converted before it is used.
// CHECK-LABEL: @converted(
util.func public @converted(%x: tensor<8x4xf32>, %init: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %w = arith.constant dense<0.5> : tensor<2x8xf16>
  %empty = tensor.empty() : tensor<2x8xf32>
  // CHECK: dense<[[$SCALE]]> : tensor<f32>
  // CHECK: %[[W:.+]] = "seedlm.generate"{{.+}} -> tensor<2x8xf16>
  // CHECK: %[[WIDE:.+]] = linalg.generic {{.+}} ins(%[[W]] : tensor<2x8xf16>)
  // CHECK: linalg.matmul ins(%[[WIDE]],
  %wide = linalg.generic {
    indexing_maps = [affine_map<(n, k) -> (n, k)>, affine_map<(n, k) -> (n, k)>],
    iterator_types = ["parallel", "parallel"]
  } ins(%w : tensor<2x8xf16>) outs(%empty : tensor<2x8xf32>) {
  ^bb0(%in: f16, %out: f32):
    %value = arith.extf %in : f16 to f32
    linalg.yield %value : f32
  } -> tensor<2x8xf32>
  %y = linalg.matmul ins(%wide, %x : tensor<2x8xf32>, tensor<8x4xf32>)
                     outs(%init : tensor<2x4xf32>) -> tensor<2x4xf32>
  util.return %y : tensor<2x4xf32>
}

// A weight that something is computed from is no view of a weight.
// CHECK-LABEL: @computed(
util.func public @computed(%x: tensor<8x4xf32>, %init: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // CHECK-NOT: seedlm.generate
  // CHECK: dense<5.000000e-01> : tensor<2x8xf32>
  %w = arith.constant dense<0.5> : tensor<2x8xf32>
  %empty = tensor.empty() : tensor<2x8xf32>
  // CHECK-NOT: seedlm.generate
  %negated = linalg.generic {
    indexing_maps = [affine_map<(n, k) -> (n, k)>, affine_map<(n, k) -> (n, k)>],
    iterator_types = ["parallel", "parallel"]
  } ins(%w : tensor<2x8xf32>) outs(%empty : tensor<2x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %value = arith.negf %in : f32
    linalg.yield %value : f32
  } -> tensor<2x8xf32>
  %y = linalg.matmul ins(%negated, %x : tensor<2x8xf32>, tensor<8x4xf32>)
                     outs(%init : tensor<2x4xf32>) -> tensor<2x4xf32>
  util.return %y : tensor<2x4xf32>
}

// Codes are decoded in single precision.
// CHECK-LABEL: @double(
util.func public @double(%x: tensor<8x4xf64>, %init: tensor<2x4xf64>) -> tensor<2x4xf64> {
  // CHECK-NOT: seedlm.generate
  // CHECK: dense<5.000000e-01> : tensor<2x8xf32>
  %w = arith.constant dense<0.5> : tensor<2x8xf32>
  %empty = tensor.empty() : tensor<2x8xf64>
  // CHECK-NOT: seedlm.generate
  %wide = linalg.generic {
    indexing_maps = [affine_map<(n, k) -> (n, k)>, affine_map<(n, k) -> (n, k)>],
    iterator_types = ["parallel", "parallel"]
  } ins(%w : tensor<2x8xf32>) outs(%empty : tensor<2x8xf64>) {
  ^bb0(%in: f32, %out: f64):
    %value = arith.extf %in : f32 to f64
    linalg.yield %value : f64
  } -> tensor<2x8xf64>
  %y = linalg.matmul ins(%wide, %x : tensor<2x8xf64>, tensor<8x4xf64>)
                     outs(%init : tensor<2x4xf64>) -> tensor<2x4xf64>
  util.return %y : tensor<2x4xf64>
}
