// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %python %S/Inputs/archive.py %t.irpa
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants{code=paper-4bit min-size=16 parameters=model=%t.irpa})' %s | FileCheck %s

// Each form that a weight has in a module. Unless said otherwise they hold 0.5 and have the same codes.

util.global private @literal = dense<0.5> : tensor<8x2xf32>
util.global private @parameter = #stream.parameter.named<"model"::"w.key"> : tensor<8x2xf32>
util.global private @repeated = #stream.parameter.named<"model"::"splat"> : tensor<8x2xf32>
util.global private mutable @variable = dense<0.5> : tensor<8x2xf32>

// CHECK-LABEL: @from_dense(
util.func public @from_dense(%x: tensor<4x8xf32>, %init: tensor<4x2xf32>) -> tensor<4x2xf32> {
  // CHECK: dense<[[$CODES:.+]]> : tensor<2x4xi8>
  // CHECK: dense<[[$SCALE:.+]]> : tensor<f32>
  // CHECK: "seedlm.generate"
  %w = arith.constant dense<0.5> : tensor<8x2xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x2xf32>)
                     outs(%init : tensor<4x2xf32>) -> tensor<4x2xf32>
  util.return %y : tensor<4x2xf32>
}

// CHECK-LABEL: @from_resource(
util.func public @from_resource(%x: tensor<4x8xf32>, %init: tensor<4x2xf32>) -> tensor<4x2xf32> {
  // CHECK: dense<[[$CODES]]> : tensor<2x4xi8>
  // CHECK: dense<[[$SCALE]]> : tensor<f32>
  // CHECK: %[[W:.+]] = "seedlm.generate"
  // CHECK: %[[T:.+]] = linalg.transpose ins(%[[W]] :
  // CHECK-NOT: dense_resource
  // CHECK: linalg.matmul ins(%{{.+}}, %[[T]] :
  %w = arith.constant dense_resource<weight> : tensor<8x2xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x2xf32>)
                     outs(%init : tensor<4x2xf32>) -> tensor<4x2xf32>
  util.return %y : tensor<4x2xf32>
}

// CHECK-LABEL: @from_global(
util.func public @from_global(%x: tensor<4x8xf32>, %init: tensor<4x2xf32>) -> tensor<4x2xf32> {
  // CHECK: dense<[[$CODES]]> : tensor<2x4xi8>
  // CHECK: dense<[[$SCALE]]> : tensor<f32>
  // CHECK: %[[W:.+]] = "seedlm.generate"
  // CHECK: %[[T:.+]] = linalg.transpose ins(%[[W]] :
  // CHECK-NOT: util.global.load
  // CHECK: linalg.matmul ins(%{{.+}}, %[[T]] :
  %w = util.global.load immutable @literal : tensor<8x2xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x2xf32>)
                     outs(%init : tensor<4x2xf32>) -> tensor<4x2xf32>
  util.return %y : tensor<4x2xf32>
}

// A global that is loaded twice is encoded once, and read from codes both times.
// CHECK-LABEL: @from_parameter(
util.func public @from_parameter(%x: tensor<4x8xf32>, %init: tensor<4x2xf32>)
    -> (tensor<4x2xf32>, tensor<4x2xf32>) {
  // CHECK: dense<[[$CODES]]> : tensor<2x4xi8>
  // CHECK: dense<[[$SCALE]]> : tensor<f32>
  // CHECK: "seedlm.generate"
  // CHECK-NOT: util.global.load
  // CHECK: linalg.matmul
  %w0 = util.global.load @parameter : tensor<8x2xf32>
  %y0 = linalg.matmul ins(%x, %w0 : tensor<4x8xf32>, tensor<8x2xf32>)
                      outs(%init : tensor<4x2xf32>) -> tensor<4x2xf32>
  // CHECK: dense<[[$CODES]]> : tensor<2x4xi8>
  // CHECK: "seedlm.generate"
  // CHECK-NOT: util.global.load
  // CHECK: linalg.matmul
  %w1 = util.global.load @parameter : tensor<8x2xf32>
  %y1 = linalg.matmul ins(%x, %w1 : tensor<4x8xf32>, tensor<8x2xf32>)
                      outs(%init : tensor<4x2xf32>) -> tensor<4x2xf32>
  util.return %y0, %y1 : tensor<4x2xf32>, tensor<4x2xf32>
}

// An archive entry that is one value, repeated: 0.25. Its scale is half of the others'.
// CHECK-LABEL: @from_splat(
util.func public @from_splat(%x: tensor<4x8xf32>, %init: tensor<4x2xf32>) -> tensor<4x2xf32> {
  // CHECK: dense<[[$CODES]]> : tensor<2x4xi8>
  // CHECK-NOT: dense<[[$SCALE]]> : tensor<f32>
  // CHECK: "seedlm.generate"
  %w = util.global.load immutable @repeated : tensor<8x2xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x2xf32>)
                     outs(%init : tensor<4x2xf32>) -> tensor<4x2xf32>
  util.return %y : tensor<4x2xf32>
}

// What a program may store into is no weight.
// CHECK-LABEL: @from_variable(
util.func public @from_variable(%x: tensor<4x8xf32>, %init: tensor<4x2xf32>) -> tensor<4x2xf32> {
  // CHECK-NOT: seedlm.generate
  // CHECK: %[[W:.+]] = util.global.load @variable
  // CHECK: linalg.matmul ins(%{{.+}}, %[[W]] :
  %w = util.global.load @variable : tensor<8x2xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x2xf32>)
                     outs(%init : tensor<4x2xf32>) -> tensor<4x2xf32>
  util.return %y : tensor<4x2xf32>
}

{-#
  dialect_resources: {
    builtin: {
      weight: "0x040000000000003F0000003F0000003F0000003F0000003F0000003F0000003F0000003F0000003F0000003F0000003F0000003F0000003F0000003F0000003F0000003F"
    }
  }
#-}
