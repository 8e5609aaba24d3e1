// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: not seedlm-opt --pass-pipeline='builtin.module(seedlm-lower-to-fpga)' %s 2>&1 | FileCheck %s

// The devices are symbols of the module.
// CHECK: seedlm-opt: {{.*}}a symbol of the module is called 'fpga', as a device is
util.func public @fpga() {
  util.return
}
