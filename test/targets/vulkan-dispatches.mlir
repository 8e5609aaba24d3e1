// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants{code=seed-4bit},seedlm-fuse-generate,seedlm-pack-codes,seedlm-lower-to-vulkan,seedlm-lower-to-linalg)' %s -o %t.kernels.mlir
// RUN: iree-compile %t.kernels.mlir --compile-from=input --compile-to=flow --iree-hal-target-device=vulkan -o %t.flow.mlir
// RUN: FileCheck %s --input-file=%t.flow.mlir --check-prefixes=KERNELS
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants{code=seed-4bit},seedlm-fuse-generate,seedlm-pack-codes,seedlm-lower-to-linalg)' %s -o %t.portable.mlir
// RUN: iree-compile %t.portable.mlir --compile-from=input --compile-to=flow --iree-hal-target-device=vulkan -o %t.flow.mlir
// RUN: FileCheck %s --input-file=%t.flow.mlir --check-prefixes=PORTABLE

// A product with a bias is one dispatch: of a kernel, or of what IREE makes of the portable form.

// KERNELS-NOT: flow.executable
// KERNELS-LABEL: util.func public @layer(
// KERNELS: flow.dispatch @seedlm_seed_4bit_f32::@matvec
// KERNELS-NOT: flow.dispatch
// KERNELS: util.return

// PORTABLE-LABEL: util.func public @layer(
// PORTABLE: flow.dispatch @layer_dispatch_0
// PORTABLE-NOT: flow.dispatch
// PORTABLE: util.return
util.func public @layer(%x: tensor<8x256xf32>, %bias: tensor<256xf32>) -> tensor<8x256xf32> {
  %weight = arith.constant dense<0.5> : tensor<256x256xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<8x256xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<8x256xf32>) -> tensor<8x256xf32>
  %y = linalg.matmul ins(%x, %weight : tensor<8x256xf32>, tensor<256x256xf32>) outs(%init : tensor<8x256xf32>) -> tensor<8x256xf32>
  %z = linalg.generic {
    indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>],
    iterator_types = ["parallel", "parallel"]
  } ins(%y, %bias : tensor<8x256xf32>, tensor<256xf32>) outs(%empty : tensor<8x256xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.addf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<8x256xf32>
  util.return %z : tensor<8x256xf32>
}
