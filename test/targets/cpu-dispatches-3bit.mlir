// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants{code=paper-3bit},seedlm-fuse-generate,seedlm-pack-codes,seedlm-lower-to-linalg)' %s -o %t.mlir
// RUN: iree-compile %t.mlir --compile-from=input --compile-to=flow --iree-hal-target-device=local --iree-hal-local-target-device-backends=llvm-cpu --iree-llvmcpu-target-cpu=generic -o %t.flow.mlir
// RUN: FileCheck %s --input-file=%t.flow.mlir
// RUN: FileCheck %s --input-file=%t.flow.mlir --check-prefix=NONE

// One dispatch decodes the weight and multiplies. IREE adds no consumer to a dispatch that would
// then have more than 16 operands, and a group has 24 columns: bias and clamp are a second one.

// NONE: module
// NONE-NOT: hoisted
// NONE-NOT: util.initializer
// NONE-NOT: tensor<512x480xf32>
// NONE-NOT: tensor<480x512xf32>
// NONE-NOT: tensor<512x20x24xf32>
// NONE-NOT: tensor<245760xf32>

// CHECK-LABEL: flow.executable private @static_dispatch_0
// CHECK: linalg.generic {{.+}} iterator_types = ["parallel", "parallel", "reduction"]}
// CHECK: arith.extui %{{.+}} : i8 to i32
// CHECK: arith.xori
// CHECK-LABEL: util.func public @static(
// CHECK-DAG: %[[LAST:.+]] = util.global.load immutable @{{.+}} : tensor<512x20xi8>
// CHECK-DAG: util.global.load immutable @{{.+}} : tensor<512x20xi32>
// CHECK: %[[PRODUCT:.+]] = flow.dispatch @static_dispatch_0::{{.+}}%[[LAST]])
// CHECK: flow.dispatch @static_dispatch_1::@static_dispatch_1_elementwise_{{[^(]+}}(%[[PRODUCT]],
// CHECK-NOT: flow.dispatch
// CHECK: util.return
util.func public @static(%x: tensor<64x480xf32>, %bias: tensor<512xf32>) -> tensor<64x512xf32> {
  %w = arith.constant dense<0.0> : tensor<480x512xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<64x512xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<64x512xf32>) -> tensor<64x512xf32>
  %product = linalg.matmul ins(%x, %w : tensor<64x480xf32>, tensor<480x512xf32>)
                           outs(%init : tensor<64x512xf32>) -> tensor<64x512xf32>
  %y = linalg.generic {
    indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (n)>,
                     affine_map<(m, n) -> (m, n)>],
    iterator_types = ["parallel", "parallel"]
  } ins(%product, %bias : tensor<64x512xf32>, tensor<512xf32>) outs(%empty : tensor<64x512xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %sum = arith.addf %a, %b : f32
    %clamped = arith.maximumf %sum, %zero : f32
    linalg.yield %clamped : f32
  } -> tensor<64x512xf32>
  util.return %y : tensor<64x512xf32>
}

// CHECK-LABEL: flow.executable private @dynamic_dispatch_0
// CHECK: linalg.generic {{.+}} iterator_types = ["parallel", "parallel", "reduction"]}
// CHECK-LABEL: util.func public @dynamic(
// CHECK: flow.dispatch @dynamic_dispatch_0::
// CHECK-NOT: flow.dispatch
// CHECK: util.return
util.func public @dynamic(%x: tensor<?x480xf32>) -> tensor<?x512xf32> {
  %w = arith.constant dense<0.0> : tensor<480x512xf32>
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %x, %c0 : tensor<?x480xf32>
  %empty = tensor.empty(%rows) : tensor<?x512xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x512xf32>) -> tensor<?x512xf32>
  %y = linalg.matmul ins(%x, %w : tensor<?x480xf32>, tensor<480x512xf32>)
                     outs(%init : tensor<?x512xf32>) -> tensor<?x512xf32>
  util.return %y : tensor<?x512xf32>
}
