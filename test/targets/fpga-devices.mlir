// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --pass-pipeline='builtin.module(seedlm-lower-to-fpga{min-weights=0})' %s -o %t.mlir
// RUN: iree-compile %t.mlir --compile-from=input --compile-to=hal --iree-hal-target-device=cpu=local[0] --iree-hal-target-device=fpga=local[1] --iree-hal-local-target-device-backends=llvm-cpu --iree-hal-default-device=cpu --iree-llvmcpu-target-cpu=generic -o %t.hal.mlir
// RUN: FileCheck %s --input-file=%t.hal.mlir

// IREE makes two devices, puts the codes on @fpga at load, and in a call queues one command buffer
// on each in turn: rounding on @cpu, the product on @fpga, the results on @cpu, ordered by fences.
// CHECK-DAG: util.global private @cpu : !hal.device
// CHECK-DAG: util.global private @fpga : !hal.device
// CHECK-DAG: util.global private @[[CODES:__constant_tensor_2560xi8]] : !hal.buffer
// CHECK-LABEL: util.func public @product(
// CHECK: %[[BEATS:.+]] = util.global.load immutable @[[CODES]]
// CHECK: %[[CPU:.+]] = util.global.load immutable @cpu
// CHECK: %[[FPGA:.+]] = util.global.load immutable @fpga
// CHECK: hal.device.queue.execute<%[[CPU]] : !hal.device> {{.+}} commands(
// CHECK: %[[COMMANDS:.+]] = hal.command_buffer.create device(%[[FPGA]] :
// CHECK: @seedlm_fpga_c8p3k16t100bq4e4b16_65x64)
// CHECK-NEXT: hal.command_buffer.dispatch<%[[COMMANDS]] :
// CHECK-NEXT: (%[[BEATS]] : !hal.buffer)
// CHECK: hal.device.queue.execute<%[[FPGA]] : !hal.device> {{.+}} commands(%[[COMMANDS]])
// CHECK: hal.device.queue.execute<%[[CPU]] : !hal.device>
// CHECK-NOT: hal.device.queue.execute
util.func public @product(%x: tensor<?x64xf32>) -> tensor<?x65xf32> {
  %codes = arith.constant dense<1> : tensor<65x32xi8>
  %scale = arith.constant dense<0.5> : tensor<f32>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<?x64xf32>, tensor<65x32xi8>, tensor<f32>) -> tensor<?x65xf32>
  util.return %y : tensor<?x65xf32>
}
