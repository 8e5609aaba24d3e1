// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %python %S/Inputs/archive.py %t.in.irpa
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-externalize-constants{archive=%t.irpa parameters=old=%t.in.irpa})' %s | FileCheck %s
// RUN: iree-dump-parameters --parameters=%t.irpa | FileCheck %s --check-prefix=ARCHIVE
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-externalize-constants{archive=%t.all.irpa parameters=old=%t.in.irpa min-bytes=8})' %s | FileCheck %s --check-prefix=ALL
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-externalize-constants{archive=%t.irpa parameters=old=%t.in.irpa},seedlm-inline-parameters{parameters=model=%t.irpa})' %s | FileCheck %s --check-prefix=BACK
// RUN: not seedlm-opt --pass-pipeline='builtin.module(seedlm-externalize-constants{archive=%t.absent/x.irpa parameters=old=%t.in.irpa})' %s 2>&1 | FileCheck %s --check-prefix=FOLDER

// FOLDER: error: {{.+}}.absent/x.irpa: cannot be written: No such file or directory

// Constants of 256 bytes and more, and parameters of any size, move to one archive.

// ARCHIVE: (5 entries,
// ARCHIVE-DAG: 256 | `constant1`
// ARCHIVE-DAG: 256 | `large`
// ARCHIVE-DAG: 256 | `large_1`
// ARCHIVE-DAG: 256 | `literal`
// ARCHIVE-DAG: 16 | `counts`

// CHECK-DAG: util.global private @large = #stream.parameter.named<"model"::"large"> : tensor<64xf32>
// CHECK-DAG: util.global private @large_1 = #stream.parameter.named<"model"::"large_1"> : tensor<8x8xf32>
// CHECK-DAG: util.global private @constant1 = #stream.parameter.named<"model"::"constant1"> : tensor<8x8xf32>
// CHECK-DAG: util.global private @literal = #stream.parameter.named<"model"::"literal"> : tensor<64xf32>
// CHECK-DAG: util.global private @counts = #stream.parameter.named<"model"::"counts"> : tensor<4xi32>
// CHECK-NOT: @unused

// BACK-DAG: util.global private @constant1 = dense<5.000000e-01> : tensor<8x8xf32>
// BACK-DAG: util.global private @literal = dense<1.250000e-01> : tensor<64xf32>
// BACK-DAG: util.global private @counts = dense<[0, 1, 2, 3]> : tensor<4xi32>

util.global private @literal = dense<0.125> : tensor<64xf32>
util.global private @counts = #stream.parameter.named<"old"::"counts"> : tensor<4xi32>
util.global private @unused = dense<0.125> : tensor<64xf32>

// CHECK-LABEL: @f(
// ALL-LABEL: @f(
util.func public @f() -> (tensor<2xi32>, tensor<8x8xf32>, tensor<64xf32>, tensor<64xf32>, tensor<4xi32>,
                         tensor<8x8xf32>) {
  // CHECK: %[[SMALL:.+]] = arith.constant dense<3> : tensor<2xi32>
  // ALL: %[[SMALL:.+]] = util.global.load @constant0 : tensor<2xi32>
  // ALL-NOT: arith.constant
  %small = arith.constant dense<3> : tensor<2xi32>
  // CHECK: %[[MATRIX:.+]] = util.global.load @constant1 : tensor<8x8xf32>
  %matrix = arith.constant dense<0.5> : tensor<8x8xf32>
  // CHECK: %[[LARGE:.+]] = util.global.load @large : tensor<64xf32>
  %large = arith.constant dense_resource<large> : tensor<64xf32>
  // CHECK: %[[LITERAL:.+]] = util.global.load @literal
  %literal = util.global.load @literal : tensor<64xf32>
  // CHECK: %[[COUNTS:.+]] = util.global.load @counts
  %counts = util.global.load @counts : tensor<4xi32>
  // CHECK: %[[SHAPED:.+]] = util.global.load @large_1 : tensor<8x8xf32>
  %shaped = arith.constant dense_resource<large> : tensor<8x8xf32>
  // CHECK: util.return %[[SMALL]], %[[MATRIX]], %[[LARGE]], %[[LITERAL]], %[[COUNTS]], %[[SHAPED]]
  // ALL: util.return
  util.return %small, %matrix, %large, %literal, %counts, %shaped
    : tensor<2xi32>, tensor<8x8xf32>, tensor<64xf32>, tensor<64xf32>, tensor<4xi32>, tensor<8x8xf32>
}

{-#
  dialect_resources: {
    builtin: {
      large: "0x0400000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    }
  }
#-}
