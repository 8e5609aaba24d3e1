// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants{code=paper-4bit min-size=16})' %s | FileCheck %s --check-prefixes=CHECK,QUERY,KEY,TINY
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants{code=paper-4bit min-size=16 mode=exhaustive})' %s | FileCheck %s --check-prefixes=CHECK,QUERY,KEY,TINY
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants{code=paper-4bit min-size=17})' %s | FileCheck %s --check-prefixes=CHECK,QUERY,KEY,NOTINY
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants{code=paper-4bit min-size=16 include=*.query,tiny})' %s | FileCheck %s --check-prefixes=CHECK,QUERY,NOKEY,TINY
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants{code=paper-4bit min-size=16 exclude=layer?.query})' %s | FileCheck %s --check-prefixes=CHECK,NOQUERY,KEY,TINY
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants{code=paper-4bit min-size=16 include=layer* exclude=*.key})' %s | FileCheck %s --check-prefixes=CHECK,QUERY,NOKEY,NOTINY
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants{code=paper-4bit})' %s | FileCheck %s --check-prefixes=CHECK,NOQUERY,NOKEY,NOTINY
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-compress-constants{min-size=16 code=paper-3bit})' %s | FileCheck %s --check-prefix=THREE

util.global private @layer0.query = dense<0.5> : tensor<2x24xf32>
util.global private @layer0.key = dense<0.5> : tensor<2x24xf32>
util.global private @tiny = dense<0.5> : tensor<2x8xf32>

// CHECK-LABEL: @use_query(
util.func public @use_query(%x: tensor<24x4xf32>, %init: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // QUERY: "seedlm.generate"{{.+}}block = 8 : i64{{.+}} : (tensor<2x12xi8>, tensor<f32>) -> tensor<2x24xf32>
  // NOQUERY-NOT: seedlm.generate
  // CHECK: linalg.matmul

  // THREE: "seedlm.generate"{{.+}}block = 12 : i64, coefficient_bits = 4 : i64, exponent_bits = 4 : i64,
  // THREE-SAME: latent = 4 : i64{{.+}} : (tensor<2x9xi8>, tensor<f32>) -> tensor<2x24xf32>
  %w = util.global.load immutable @layer0.query : tensor<2x24xf32>
  %y = linalg.matmul ins(%w, %x : tensor<2x24xf32>, tensor<24x4xf32>)
                     outs(%init : tensor<2x4xf32>) -> tensor<2x4xf32>
  util.return %y : tensor<2x4xf32>
}

// CHECK-LABEL: @use_key(
util.func public @use_key(%x: tensor<24x4xf32>, %init: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // KEY: "seedlm.generate"
  // NOKEY-NOT: seedlm.generate
  // CHECK: linalg.matmul
  %w = util.global.load immutable @layer0.key : tensor<2x24xf32>
  %y = linalg.matmul ins(%w, %x : tensor<2x24xf32>, tensor<24x4xf32>)
                     outs(%init : tensor<2x4xf32>) -> tensor<2x4xf32>
  util.return %y : tensor<2x4xf32>
}

// CHECK-LABEL: @use_tiny(
util.func public @use_tiny(%x: tensor<8x4xf32>, %init: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // TINY: "seedlm.generate"
  // NOTINY-NOT: seedlm.generate
  // CHECK: linalg.matmul
  %w = util.global.load immutable @tiny : tensor<2x8xf32>
  %y = linalg.matmul ins(%w, %x : tensor<2x8xf32>, tensor<8x4xf32>)
                     outs(%init : tensor<2x4xf32>) -> tensor<2x4xf32>
  util.return %y : tensor<2x4xf32>
}
