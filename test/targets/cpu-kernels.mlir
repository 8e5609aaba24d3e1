// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants{code=paper-4bit},seedlm-fuse-generate,seedlm-pack-codes{cpu-kernels},seedlm-lower-to-cpu{isa=x86_64-baseline})' %s -o %t.mlir
// RUN: iree-compile %t.mlir --compile-from=input --compile-to=stream --iree-hal-target-device=local --iree-hal-local-target-device-backends=llvm-cpu --iree-llvmcpu-target-cpu=generic --mlir-elide-elementsattrs-if-larger=8 -o %t.stream.mlir
// RUN: FileCheck %s --input-file=%t.stream.mlir

// The codes are mapped where they lie in the module; nothing else is done before the first call.
// CHECK: util.initializer
// CHECK: util.buffer.constant <alignment = 64>
// CHECK-NEXT: dense_resource<constant0.codes.tiles> : tensor<8x16384xi8>
// CHECK-NEXT: dense_resource<constant1.codes.tiles> : tensor<8x16384xi8>
// CHECK: stream.resource.try_map
// CHECK-NOT: stream.cmd.dispatch
// CHECK-NOT: util.initializer

// CHECK-LABEL: util.func public @static(
// CHECK: %[[CODES:.+]] = util.global.load immutable @__constant_tensor_8x16384xi8 :
// CHECK: stream.cmd.execute {{.+}} with(%[[CODES]] as %[[BOUND:[^:]+]]:
// CHECK-NEXT: stream.cmd.dispatch @seedlm_paper_4bit_f32_512x512_0
// CHECK-NEXT: ro %[[BOUND]][%c0 for %c262144]
// CHECK-NOT: stream.cmd
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

// CHECK-LABEL: util.func public @dynamic(
// CHECK: %[[CODES:.+]] = util.global.load immutable @__constant_tensor_8x16384xi8 :
// CHECK: stream.cmd.execute {{.+}} with(%[[CODES]] as %[[BOUND:[^:]+]]:
// CHECK-NEXT: stream.cmd.dispatch @seedlm_paper_4bit_f32_512x512_1
// CHECK-NEXT: ro %[[BOUND]][%c0 for %c262144]
// CHECK-NOT: stream.cmd
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
