// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %python %S/Inputs/archive.py %t.irpa
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-inline-parameters{parameters=model=%t.irpa})' %s | FileCheck %s
// RUN: not seedlm-opt --pass-pipeline='builtin.module(seedlm-inline-parameters)' %s 2>&1 | FileCheck %s --check-prefix=SCOPE
// RUN: not seedlm-opt --pass-pipeline='builtin.module(seedlm-inline-parameters{parameters=model=%t.irpa})' %S/Inputs/absent-parameter.mlir 2>&1 | FileCheck %s --check-prefix=ABSENT
// RUN: not seedlm-opt --pass-pipeline='builtin.module(seedlm-inline-parameters{parameters=model=%t.irpa})' %S/Inputs/short-parameter.mlir 2>&1 | FileCheck %s --check-prefix=SHORT
// RUN: not seedlm-opt --pass-pipeline='builtin.module(seedlm-inline-parameters{parameters=model=%t.absent.irpa})' %s 2>&1 | FileCheck %s --check-prefix=FILE

// SCOPE: error: no parameter archive is given for scope 'model'
// ABSENT: error: {{.+}}.irpa: has no parameter 'absent'
// SHORT: error: {{.+}}.irpa: parameter 'counts' has 16 bytes, not tensor<5xi32>
// FILE: error: {{.+}}.absent.irpa: not a readable parameter archive:

// CHECK-NOT: @unused
// CHECK: util.global private @weight = dense<5.000000e-01> : tensor<8x2xf32>
util.global private @weight = #stream.parameter.named<"model"::"w.key"> : tensor<8x2xf32>
// CHECK: util.global private @counts = dense<[0, 1, 2, 3]> : tensor<4xi32>
util.global private @counts = #stream.parameter.named<"model"::"counts"> : tensor<4xi32>
// CHECK: util.global private @splat = dense<2.500000e-01> : tensor<16xf32>
util.global private @splat = #stream.parameter.named<"model"::"splat"> : tensor<16xf32>
// CHECK: util.global private @literal = dense<7> : tensor<2xi32>
util.global private @literal = dense<7> : tensor<2xi32>
// CHECK-NOT: @unused
util.global private @unused = #stream.parameter.named<"model"::"w.key"> : tensor<8x2xf32>
// CHECK: util.global private mutable @state : tensor<2xi32>
util.global private mutable @state : tensor<2xi32>

util.func public @f(%value: tensor<2xi32>)
    -> (tensor<8x2xf32>, tensor<4xi32>, tensor<16xf32>, tensor<2xi32>) {
  // CHECK: util.global.load @weight
  %weight = util.global.load @weight : tensor<8x2xf32>
  %counts = util.global.load @counts : tensor<4xi32>
  %splat = util.global.load @splat : tensor<16xf32>
  %literal = util.global.load @literal : tensor<2xi32>
  util.global.store %value, @state : tensor<2xi32>
  util.return %weight, %counts, %splat, %literal
    : tensor<8x2xf32>, tensor<4xi32>, tensor<16xf32>, tensor<2xi32>
}
