// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants,seedlm-fuse-generate,seedlm-pack-codes,seedlm-lower-to-linalg)' %s -o %t.mlir
// RUN: iree-compile %t.mlir --compile-from=input --compile-to=flow --iree-hal-target-device=local --iree-hal-local-target-device-backends=llvm-cpu --iree-llvmcpu-target-cpu=generic -o %t.flow.mlir
// RUN: FileCheck %s --input-file=%t.flow.mlir
// RUN: FileCheck %s --input-file=%t.flow.mlir --check-prefix=NONE

// One dispatch decodes the weight, multiplies, adds a bias and clamps; it reads 256 KiB of codes.

// Nothing is computed ahead, at compile time or at load, and no 512 x 512 weight is stored.
// NONE: module
// NONE-NOT: hoisted
// NONE-NOT: util.initializer
// NONE-NOT: tensor<512x512xf32>
// NONE-NOT: tensor<512x64x8xf32>
// NONE-NOT: tensor<262144xf32>

// CHECK-LABEL: flow.executable private @static_dispatch_0
// CHECK: tensor<512x64xi32>
// CHECK: linalg.generic {{.+}} iterator_types = ["parallel", "parallel", "reduction"]}
// CHECK: arith.xori
// CHECK: linalg.yield
// CHECK: linalg.generic {{.+}} iterator_types = ["parallel", "parallel"]}
// CHECK-NOT: linalg.yield
// CHECK: arith.maximumf
// CHECK-LABEL: util.func public @static(
// CHECK: %[[CODES:.+]] = util.global.load immutable @{{.+}} : tensor<512x64xi32>
// CHECK: flow.dispatch @static_dispatch_0::@{{[^ ]+}}(%{{[^,]+}}, %[[CODES]],
// CHECK-NOT: flow.dispatch
// CHECK: util.return
util.func public @static(%x: tensor<64x512xf32>, %bias: tensor<512xf32>) -> tensor<64x512xf32> {
  %w = arith.constant dense<0.0> : tensor<512x512xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<64x512xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<64x512xf32>) -> tensor<64x512xf32>
  %product = linalg.matmul ins(%x, %w : tensor<64x512xf32>, tensor<512x512xf32>)
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
// CHECK: arith.xori
// CHECK: arith.maximumf
// CHECK-LABEL: util.func public @dynamic(
// CHECK: %[[CODES:.+]] = util.global.load immutable @{{.+}} : tensor<512x64xi32>
// CHECK: flow.dispatch @dynamic_dispatch_0::{{.+}}%[[CODES]],
// CHECK-NOT: flow.dispatch
// CHECK: util.return
util.func public @dynamic(%x: tensor<?x512xf32>, %bias: tensor<512xf32>) -> tensor<?x512xf32> {
  %w = arith.constant dense<0.0> : tensor<512x512xf32>
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %x, %c0 : tensor<?x512xf32>
  %empty = tensor.empty(%rows) : tensor<?x512xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x512xf32>) -> tensor<?x512xf32>
  %product = linalg.matmul ins(%x, %w : tensor<?x512xf32>, tensor<512x512xf32>)
                           outs(%init : tensor<?x512xf32>) -> tensor<?x512xf32>
  %y = linalg.generic {
    indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (n)>,
                     affine_map<(m, n) -> (m, n)>],
    iterator_types = ["parallel", "parallel"]
  } ins(%product, %bias : tensor<?x512xf32>, tensor<512xf32>) outs(%empty : tensor<?x512xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %sum = arith.addf %a, %b : f32
    %clamped = arith.maximumf %sum, %zero : f32
    linalg.yield %clamped : f32
  } -> tensor<?x512xf32>
  util.return %y : tensor<?x512xf32>
}
