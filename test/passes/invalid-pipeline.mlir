// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: not seedlm-opt --pass-pipeline='seedlm-compress-constants{include=w,absent*}' %s 2>&1 | FileCheck %s --check-prefix=INCLUDE
// RUN: not seedlm-opt --pass-pipeline='seedlm-compress-constants{exclude=absent*}' %s 2>&1 | FileCheck %s --check-prefix=EXCLUDE
// RUN: not seedlm-opt --pass-pipeline='seedlm-compress-constants{code=2bit}' %s 2>&1 | FileCheck %s --check-prefix=CODE
// RUN: not seedlm-opt --pass-pipeline='seedlm-compress-constants{min-size=-1}' %s 2>&1 | FileCheck %s --check-prefix=NUMBER
// RUN: not seedlm-opt --pass-pipeline='seedlm-compress-constants{code-for=absent*=dense}' %s 2>&1 | FileCheck %s --check-prefix=CODEFOR
// RUN: not seedlm-opt --pass-pipeline='seedlm-compress-constants{code-for=w=2bit}' %s 2>&1 | FileCheck %s --check-prefix=CODENAME
// RUN: not seedlm-opt --pass-pipeline='seedlm-compress-constants{code-for=w}' %s 2>&1 | FileCheck %s --check-prefix=PAIR
// RUN: not seedlm-opt --pass-pipeline='seedlm-compress-constants{budget=few}' %s 2>&1 | FileCheck %s --check-prefix=FEW
// RUN: not seedlm-opt --pass-pipeline='seedlm-compress-constants{budget=0}' %s 2>&1 | FileCheck %s --check-prefix=ZERO
// RUN: not seedlm-opt --pass-pipeline='seedlm-compress-constants{mode=slow}' %s 2>&1 | FileCheck %s --check-prefix=MODE
// RUN: not seedlm-opt --pass-pipeline='seedlm-compress-constants{size=16}' %s 2>&1 | FileCheck %s --check-prefix=OPTION
// RUN: not seedlm-opt --pass-pipeline='seedlm-fuse' %s 2>&1 | FileCheck %s --check-prefix=PASS
// RUN: not seedlm-opt --pass-pipeline='canonicalize{size=16}' %s 2>&1 | FileCheck %s --check-prefix=UPSTREAM

// INCLUDE: error: pattern 'absent*' matches no tensor
// EXCLUDE: error: pattern 'absent*' matches no tensor
// CODE: error: preset '2bit' is unknown; known presets: paper-4bit, paper-3bit
// NUMBER: pass 'seedlm-compress-constants': min-size=-1 is not a number
// CODEFOR: error: pattern 'absent*' matches no tensor
// CODENAME: error: code for 'w': preset '2bit' is unknown
// PAIR: code-for w: not PATTERN=NAME
// FEW: pass 'seedlm-compress-constants': budget=few is not a number
// ZERO: budget 0 is not a positive number of bits
// MODE: pass 'seedlm-compress-constants': mode=slow is not one of fast, certified, exhaustive
// OPTION: pass 'seedlm-compress-constants' has no option 'size'
// PASS: error: pass 'seedlm-fuse': 'seedlm-fuse' does not refer to a registered pass
// UPSTREAM: error: pass 'canonicalize{size=16}': {{.*}}no such option size

util.global private @w = dense<0.5> : tensor<2x8xf32>
util.func public @f() -> tensor<2x8xf32> {
  %w = util.global.load immutable @w : tensor<2x8xf32>
  util.return %w : tensor<2x8xf32>
}
