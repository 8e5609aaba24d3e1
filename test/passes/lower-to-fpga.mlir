// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --split-input-file --pass-pipeline='builtin.module(seedlm-lower-to-fpga{min-weights=1024},canonicalize,cse)' %s | FileCheck %s

// One call of the plugin of the code, on whatever is bound; nothing is handed out to workers. The
// codes are 5 groups of 16 rows, of 8 blocks of 16 records of 4 bytes.
// CHECK-LABEL: stream.executable private @seedlm_fpga_c8p3k16t100bq4e4b16_65x64 {
// CHECK: stream.executable.export public @[[NAME:.+]] workgroups(%{{.+}}: index)
// CHECK: stream.return %c1, %c1, %c1 :
// CHECK: func.func private @seedlm_fpga_multiply_c8p3k16t100bq4e4b16(memref<i8>, index, memref<i16>, index, memref<i64>, index, index, index, index) attributes {llvm.bareptr = true}
// CHECK: func.func @[[NAME]](%[[CODES:[^:]+]]: !stream.binding, %[[X:[^:]+]]: !stream.binding, %[[SUMS:[^:]+]]: !stream.binding, %[[BATCH:[^:]+]]: index)
// CHECK-DAG: %[[ROWS:.+]] = arith.constant 65 : index
// CHECK-DAG: %[[COLUMNS:.+]] = arith.constant 64 : index
// CHECK-DAG: %[[BYTES:.+]] = arith.constant 2560 : index
// CHECK: %[[C:.+]] = stream.binding.subspan %[[CODES]]{{.+}} memref<?xi8, strided<[1], offset: ?>>{%[[BYTES]]}
// CHECK-NEXT: %[[CB:.+]], %[[CO:.+]], %{{.+}}, %{{.+}} = iree_codegen.extract_strided_metadata %[[C]]
// CHECK-NEXT: %[[XS:.+]] = stream.binding.subspan %[[X]]
// CHECK-NEXT: %[[XB:.+]], %[[XO:.+]], %{{.+}}, %{{.+}} = iree_codegen.extract_strided_metadata %[[XS]]
// CHECK-NEXT: %[[S:.+]] = stream.binding.subspan %[[SUMS]]
// CHECK-NEXT: %[[SB:.+]], %[[SO:.+]], %{{.+}}, %{{.+}} = iree_codegen.extract_strided_metadata %[[S]]
// CHECK-NEXT: call @seedlm_fpga_multiply_c8p3k16t100bq4e4b16(%[[CB]], %[[CO]], %[[XB]], %[[XO]], %[[SB]], %[[SO]], %[[ROWS]], %[[COLUMNS]], %[[BATCH]])

// Activations become block-scaled int16 on the CPU, sums of the device results.
// CHECK-LABEL: util.func public @batch(
// CHECK-SAME: %[[X:[^:]+]]: tensor<2x?x64xf32>
// CHECK-NOT: seedlm.
// CHECK: %[[BEATS:.+]] = arith.constant dense_resource<codes.beats> : tensor<2560xi8>
// CHECK: %[[LARGEST:.+]] = linalg.generic {{.+}}"reduction"]} {{.+}} outs(%{{.+}} : tensor<?x1xf32>)
// CHECK: math.absf
// CHECK-NEXT: arith.maximumf
// CHECK: %[[INTEGERS:.+]] = linalg.generic {{.+}} ins(%{{.+}}, %[[LARGEST]] :
// CHECK: math.roundeven
// CHECK: arith.fptosi %{{.+}} : f32 to i16
// CHECK: %[[ROUNDED:.+]] = tensor.collapse_shape %[[INTEGERS]]
// CHECK: %[[SCALES:.+]] = linalg.generic {{.+}} ins(%[[LARGEST]] :
// CHECK: %[[CODES:.+]] = flow.tensor.transfer %[[BEATS]] : tensor<2560xi8> to #hal.device.promise<@fpga>
// CHECK: %[[VECTORS:.+]] = flow.tensor.transfer %[[ROUNDED]] : tensor<?x64xi16>{%{{.+}}} to #hal.device.promise<@fpga>
// CHECK: %[[S:.+]] = flow.dispatch @[[NAME]]::@[[NAME]][%[[BATCH:.+]]](%[[CODES]], %[[VECTORS]], %[[BATCH]]) {stream.affinity = #hal.device.promise<@fpga>}
// CHECK-SAME: -> tensor<1x?x65xi64>{%[[BATCH]]}
// CHECK-NEXT: %[[SUMS:.+]] = flow.tensor.transfer %[[S]] : tensor<1x?x65xi64>{%[[BATCH]]} to #hal.device.promise<@cpu>
// CHECK: linalg.generic {{.+}} ins(%[[SUMS]], %[[SCALES]] :
// CHECK: arith.sitofp %{{.+}} : i64 to f32
// CHECK: linalg.generic
// CHECK: %[[Y:.+]] = tensor.expand_shape {{.+}} into tensor<2x?x65xf32>
// CHECK: util.return %[[Y]]
util.func public @batch(%x: tensor<2x?x64xf32>) -> tensor<2x?x65xf32> {
  %codes = arith.constant dense<1> : tensor<65x32xi8>
  %scale = arith.constant dense<0.5> : tensor<f32>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (b, m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x?x64xf32>, tensor<65x32xi8>, tensor<f32>) -> tensor<2x?x65xf32>
  util.return %y : tensor<2x?x65xf32>
}

// -----

// A row of 5000 columns is two segments of 313 blocks, the last of which is filled up; f16 all
// around, and a scale for each row. The batch is known: it is no argument.
// CHECK-LABEL: func.func @seedlm_fpga_c8p4k16t100bq4e0b8_2x5000x3(
// CHECK-SAME: !stream.binding) {
// CHECK: %[[BATCH:.+]] = arith.constant 3 : index
// CHECK: call @{{.+}}, %[[BATCH]])
// CHECK-LABEL: util.func public @segments(
// CHECK: arith.extf
// CHECK: tensor.pad {{.+}} low[0, 0] high[0, 8]
// CHECK: tensor.expand_shape {{.+}} into tensor<3x2x2504xf32>
// CHECK: tensor.extract_slice {{.+}} tensor<3x5008xi16> to tensor<3x5000xi16>
// CHECK: flow.dispatch {{.+}}(%{{[^,]+}}, %{{[^,]+}}) {{.+}} -> tensor<2x3x2xi64>
// CHECK: arith.truncf
util.func public @segments(%x: tensor<3x5000xf16>) -> tensor<3x2xf16> {
  %codes = arith.constant dense<1> : tensor<2x2500xi8>
  %scale = arith.constant dense<0.5> : tensor<2xf16>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 4, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 0, basis_bits = 8
  } : (tensor<3x5000xf16>, tensor<2x2500xi8>, tensor<2xf16>) -> tensor<3x2xf16>
  util.return %y : tensor<3x2xf16>
}

// -----

// Two products of the same shape share an executable, and the activation that both read.
// CHECK-COUNT-1: stream.executable private
// CHECK-NOT: stream.executable private
// CHECK-LABEL: util.func public @shared(
// CHECK-COUNT-1: arith.fptosi
// CHECK-NOT: arith.fptosi
// CHECK-COUNT-2: flow.dispatch
util.func public @shared(%x: tensor<1x64xf32>) -> (tensor<1x16xf32>, tensor<1x16xf32>) {
  %codes0 = arith.constant dense<1> : tensor<16x32xi8>
  %codes1 = arith.constant dense<2> : tensor<16x32xi8>
  %scale = arith.constant dense<0.5> : tensor<f32>
  %y = "seedlm.contract"(%x, %codes0, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<1x64xf32>, tensor<16x32xi8>, tensor<f32>) -> tensor<1x16xf32>
  %z = "seedlm.contract"(%x, %codes1, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<1x64xf32>, tensor<16x32xi8>, tensor<f32>) -> tensor<1x16xf32>
  util.return %y, %z : tensor<1x16xf32>, tensor<1x16xf32>
}

// -----

// Too few weights.
// CHECK-LABEL: util.func public @small(
// CHECK: seedlm.contract
util.func public @small(%x: tensor<1x64xf32>) -> tensor<1x15xf32> {
  %codes = arith.constant dense<1> : tensor<15x32xi8>
  %scale = arith.constant dense<0.5> : tensor<f32>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<1x64xf32>, tensor<15x32xi8>, tensor<f32>) -> tensor<1x15xf32>
  util.return %y : tensor<1x15xf32>
}

// -----

// A code that the device cannot decode: groups of columns have scales.
// CHECK-LABEL: util.func public @groups(
// CHECK: seedlm.contract
util.func public @groups(%x: tensor<1x256xf32>) -> tensor<1x4xf32> {
  %codes = arith.constant dense<1> : tensor<4x128xi8>
  %scale = arith.constant dense<0.5> : tensor<4x2xf32>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<1x256xf32>, tensor<4x128xi8>, tensor<4x2xf32>) -> tensor<1x4xf32>
  util.return %y : tensor<1x4xf32>
}

// -----

// Codes that are gathered from as well are stored once, for the CPU.
// CHECK-LABEL: util.func public @gathered_too(
// CHECK: seedlm.contract
// CHECK: seedlm.gather
util.func public @gathered_too(%x: tensor<1x64xf32>, %indices: tensor<3xi32>)
    -> (tensor<1x16xf32>, tensor<3x64xf32>) {
  %codes = arith.constant dense<1> : tensor<16x32xi8>
  %scale = arith.constant dense<0.5> : tensor<f32>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<1x64xf32>, tensor<16x32xi8>, tensor<f32>) -> tensor<1x16xf32>
  %rows = "seedlm.gather"(%indices, %codes, %scale) {
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<3xi32>, tensor<16x32xi8>, tensor<f32>) -> tensor<3x64xf32>
  util.return %y, %rows : tensor<1x16xf32>, tensor<3x64xf32>
}
