// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants{code=paper-4bit min-size=16})' %s | FileCheck %s
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants{code=paper-4bit min-size=16 exclude=constant0,constant1_1,w_1})' %s | FileCheck %s --check-prefix=EXCLUDE

// Constants that would have the name of another one, or of a function, get a name of their own: each
// has its own codes, and the scale that belongs to its value.

util.global private @constant0 = dense<0.25> : tensor<2x8xf32>

// CHECK-LABEL: @constant1(
// EXCLUDE-LABEL: @constant1(
util.func public @constant1(%x: tensor<8x4xf32>, %init: tensor<2x4xf32>)
    -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>) {
  // CHECK: dense<4.8828125E-4> : tensor<f32>
  // EXCLUDE: util.global.load @constant0
  %global = util.global.load @constant0 : tensor<2x8xf32>
  %y0 = linalg.matmul ins(%global, %x : tensor<2x8xf32>, tensor<8x4xf32>)
                      outs(%init : tensor<2x4xf32>) -> tensor<2x4xf32>
  // CHECK: dense<9.765625E-4> : tensor<f32>
  // EXCLUDE: dense<9.765625E-4> : tensor<f32>
  // EXCLUDE: "seedlm.generate"
  %first = arith.constant dense<0.5> : tensor<2x8xf32>
  %y1 = linalg.matmul ins(%first, %x : tensor<2x8xf32>, tensor<8x4xf32>)
                      outs(%init : tensor<2x4xf32>) -> tensor<2x4xf32>
  // CHECK: dense<0.001953125> : tensor<f32>
  // EXCLUDE: dense<1.000000e+00> : tensor<2x8xf32>
  // EXCLUDE-NOT: "seedlm.generate"
  %second = arith.constant dense<1.0> : tensor<2x8xf32>
  %y2 = linalg.matmul ins(%second, %x : tensor<2x8xf32>, tensor<8x4xf32>)
                      outs(%init : tensor<2x4xf32>) -> tensor<2x4xf32>
  util.return %y0, %y1, %y2 : tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>
}

// One resource with two shapes.
// CHECK-LABEL: @shapes(
// EXCLUDE-LABEL: @shapes(
util.func public @shapes(%x: tensor<8x4xf32>, %init_x: tensor<2x4xf32>,
                         %y: tensor<4x4xf32>, %init_y: tensor<4x4xf32>)
    -> (tensor<2x4xf32>, tensor<4x4xf32>) {
  // CHECK: "seedlm.generate"{{.+}} -> tensor<2x8xf32>
  // EXCLUDE: "seedlm.generate"{{.+}} -> tensor<2x8xf32>
  %wide = arith.constant dense_resource<w> : tensor<2x8xf32>
  %a = linalg.matmul ins(%wide, %x : tensor<2x8xf32>, tensor<8x4xf32>)
                     outs(%init_x : tensor<2x4xf32>) -> tensor<2x4xf32>
  // CHECK: "seedlm.generate"{{.+}} -> tensor<4x4xf32>
  // EXCLUDE: dense_resource<w> : tensor<4x4xf32>
  %square = arith.constant dense_resource<w> : tensor<4x4xf32>
  %b = linalg.matmul ins(%square, %y : tensor<4x4xf32>, tensor<4x4xf32>)
                     outs(%init_y : tensor<4x4xf32>) -> tensor<4x4xf32>
  util.return %a, %b : tensor<2x4xf32>, tensor<4x4xf32>
}

{-#
  dialect_resources: {
    builtin: {
      w: "0x040000000000003F0000003F0000003F0000003F0000003F0000003F0000003F0000003F0000003F0000003F0000003F0000003F0000003F0000003F0000003F0000003F"
    }
  }
#-}
