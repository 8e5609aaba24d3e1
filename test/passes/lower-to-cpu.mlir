// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: seedlm-opt --split-input-file --pass-pipeline='builtin.module(seedlm-lower-to-cpu{isa=x86_64-avx2},canonicalize,cse)' %s | FileCheck %s

// The dispatch adds the bias and clamps, in place: 200 rows of the weight are four tiles of 64, too
// little for more than one workgroup, and as 200 is a multiple of 8, the epilogue works on vectors of 8.
// CHECK-LABEL: stream.executable private @seedlm_paper_4bit_f32_200x16_0 {
// CHECK: stream.executable.export public @seedlm_paper_4bit_f32_200x16_0 workgroups(%[[WORKLOAD:.+]]: index)
// CHECK: %[[Y:.+]] = affine.apply {{.+}}()[%[[WORKLOAD]]]
// CHECK: stream.return %c1, %[[Y]], %c1 :
// CHECK: func.func @seedlm_paper_4bit_f32_200x16_0(%[[CODES:[^:]+]]: !stream.binding, %[[X:[^:]+]]: !stream.binding, %[[BIAS:[^:]+]]: !stream.binding, %[[OUT:[^:]+]]: !stream.binding, %[[SCALE:[^:]+]]: f32, %[[BATCH:[^:]+]]: index)
// CHECK-SAME: translation_info
// CHECK: stream.binding.subspan %[[CODES]]{{.+}} memref<4x512xi8, strided<[512, 1], offset: ?>>
// CHECK: stream.binding.subspan %[[X]]{{.+}} memref<?x16xf32, strided<[16, 1], offset: ?>>{%[[BATCH]]}
// CHECK: stream.binding.subspan %[[BIAS]]{{.+}} memref<200xf32, strided<[1], offset: ?>>
// CHECK: %[[WHOLE:.+]] = stream.binding.subspan %[[OUT]]{{.+}} memref<?x200xf32, strided<[200, 1], offset: ?>>{%[[BATCH]]}
// CHECK-NEXT: %[[TILE:.+]] = memref.subview %[[WHOLE]][{{.+}}] : {{.+}} to memref<?x?xf32, strided<[200, 1], offset: ?>>
// CHECK: memref.store %[[SCALE]]
// CHECK: iree_codegen.ukernel.generic {hal.executable.objects = [#hal.executable.object<{path = "kernels.bc", data = dense<"0x4243C0DE
// CHECK-SAME: "seedlm_paper_4bit_f32" ins({{.+}}) outs(%[[TILE]] :
// CHECK-SAME: fn_def_attrs {hal.import.bitcode = true} strided_dims({{\[\[}}0], [], [0], [0]])
// CHECK-NEXT: scf.for
// CHECK-NEXT: scf.for {{.+}} step %c8 {
// CHECK: %[[VECTOR:.+]] = memref.subview %[[TILE]][%{{.+}}, %{{.+}}] [1, 8] [1, 1]
// CHECK: linalg.generic
// CHECK-SAME: ins(%{{.+}} : memref<8xf32, {{.+}}) outs(%[[VECTOR]] :
// CHECK-NEXT: ^bb0(%[[B:[^:]+]]: f32, %[[SUM:[^:]+]]: f32):
// CHECK-NEXT: %[[BIASED:.+]] = arith.addf %[[SUM]], %[[B]]
// CHECK-NEXT: %[[CLAMPED:.+]] = arith.maximumf %[[BIASED]], %cst
// CHECK-NEXT: linalg.yield %[[CLAMPED]]

// CHECK-LABEL: util.func public @epilogue(
// CHECK-SAME: %[[X:[^:]+]]: tensor<?x16xf32>, %[[TILES:[^:]+]]: tensor<4x512xi8>, %[[BIAS:[^:]+]]: tensor<200xf32>
// CHECK-NEXT: %[[SCALE:.+]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT: %c0 =
// CHECK-NEXT: %[[BATCH:.+]] = tensor.dim %[[X]], %c0
// CHECK-NEXT: %[[Y:.+]] = flow.dispatch @seedlm_paper_4bit_f32_200x16_0::@seedlm_paper_4bit_f32_200x16_0[%[[BATCH]]](%[[TILES]], %[[X]], %[[BIAS]], %[[SCALE]], %[[BATCH]])
// CHECK-SAME: (tensor<4x512xi8>, tensor<?x16xf32>{%[[BATCH]]}, tensor<200xf32>, f32, index) -> tensor<?x200xf32>{%[[BATCH]]}
// CHECK-NEXT: util.return %[[Y]]
util.func public @epilogue(%x: tensor<?x16xf32>, %tiles: tensor<4x512xi8>, %bias: tensor<200xf32>)
    -> tensor<?x200xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %scale = arith.constant dense<0.5> : tensor<f32>
  %codes = "seedlm.join_tiles"(%tiles) : (tensor<4x512xi8>) -> tensor<200x8xi8>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<?x16xf32>, tensor<200x8xi8>, tensor<f32>) -> tensor<?x200xf32>
  %batch = tensor.dim %x, %c0 : tensor<?x16xf32>
  %empty = tensor.empty(%batch) : tensor<?x200xf32>
  %biased = linalg.generic {
    indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (n)>,
                     affine_map<(m, n) -> (m, n)>],
    iterator_types = ["parallel", "parallel"]
  } ins(%y, %bias : tensor<?x200xf32>, tensor<200xf32>) outs(%empty : tensor<?x200xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %sum = arith.addf %a, %b : f32
    linalg.yield %sum : f32
  } -> tensor<?x200xf32>
  %clamped = linalg.generic {
    indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
    iterator_types = ["parallel", "parallel"]
  } ins(%biased : tensor<?x200xf32>) outs(%empty : tensor<?x200xf32>) {
  ^bb0(%a: f32, %out: f32):
    %max = arith.maximumf %a, %zero : f32
    linalg.yield %max : f32
  } -> tensor<?x200xf32>
  util.return %clamped : tensor<?x200xf32>
}

// -----

// Layers of the same shape share an executable, whatever their scale. A batch of more than one
// dimension is one dimension of the dispatch.
// CHECK: stream.executable private @seedlm_paper_4bit_f32_64x64_0 {
// CHECK-NOT: scf.for
// CHECK-NOT: stream.executable private
// CHECK-LABEL: util.func public @two_layers(
// CHECK: %[[X:.+]] = tensor.collapse_shape %{{.+}} {{\[\[}}0, 1], [2]] : tensor<2x?x64xf32> into tensor<?x64xf32>
// CHECK: %[[Y:.+]] = flow.dispatch @seedlm_paper_4bit_f32_64x64_0{{.+}}, %[[X]], %{{.+}})
// CHECK: flow.dispatch @seedlm_paper_4bit_f32_64x64_0{{.+}}, %{{.+}}, %{{.+}})
// CHECK: tensor.expand_shape
// CHECK-SAME: tensor<?x64xf32> into tensor<2x?x64xf32>
util.func public @two_layers(%x: tensor<2x?x64xf32>, %tiles: tensor<1x2048xi8>)
    -> tensor<2x?x64xf32> {
  %first = arith.constant dense<0.5> : tensor<f32>
  %second = arith.constant dense<0.25> : tensor<f32>
  %codes = "seedlm.join_tiles"(%tiles) : (tensor<1x2048xi8>) -> tensor<64x32xi8>
  %y = "seedlm.contract"(%x, %codes, %first) {
    indexing_maps = [affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (b, m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x?x64xf32>, tensor<64x32xi8>, tensor<f32>) -> tensor<2x?x64xf32>
  %z = "seedlm.contract"(%y, %codes, %second) {
    indexing_maps = [affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (b, m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<2x?x64xf32>, tensor<64x32xi8>, tensor<f32>) -> tensor<2x?x64xf32>
  util.return %z : tensor<2x?x64xf32>
}

// -----

// An activation and a result that are transposed are transposed outside of the dispatch.
// CHECK-LABEL: util.func public @transposed(
// CHECK: %[[X:.+]] = linalg.transpose ins(%{{.+}} : tensor<64x5xf32>) {{.+}} permutation = [1, 0]
// CHECK: %[[Y:.+]] = flow.dispatch @{{.+}}(%{{.+}}, %[[X]], %{{.+}}) : {{.+}} -> tensor<5x64xf32>
// CHECK: linalg.transpose ins(%[[Y]] : tensor<5x64xf32>) {{.+}} permutation = [1, 0]
util.func public @transposed(%x: tensor<64x5xf32>, %tiles: tensor<1x2048xi8>, %scale: tensor<f32>)
    -> tensor<64x5xf32> {
  %codes = "seedlm.join_tiles"(%tiles) : (tensor<1x2048xi8>) -> tensor<64x32xi8>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (n, m)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<64x5xf32>, tensor<64x32xi8>, tensor<f32>) -> tensor<64x5xf32>
  util.return %y : tensor<64x5xf32>
}

// -----

// A vector is a batch of one. Sums are f32, kept on the stack, whatever the result's type.
// CHECK: %[[SUMS:.+]] = memref.alloca() : memref<64x64xf32>
// CHECK: %[[PART:.+]] = memref.subview %[[SUMS]]
// CHECK: %[[TILE:.+]] = memref.cast %[[PART]]
// CHECK: ukernel.generic {{.+}} outs(%[[TILE]] :
// CHECK: arith.truncf %{{.+}} : f32 to f16
// CHECK-LABEL: util.func public @half_vector(
// CHECK: %[[X:.+]] = tensor.expand_shape %{{.+}} : tensor<64xf16> into tensor<1x64xf16>
// CHECK: %[[WIDE:.+]] = linalg.generic {{.+}} ins(%[[X]] :
// CHECK: %[[Y:.+]] = flow.dispatch @{{.+}}(%{{.+}}, %[[WIDE]], %{{.+}}) : {{.+}} -> tensor<1x64xf16>
// CHECK: tensor.collapse_shape %[[Y]] {{.+}} into tensor<64xf16>
util.func public @half_vector(%x: tensor<64xf16>, %tiles: tensor<1x2048xi8>, %scale: tensor<f32>)
    -> tensor<64xf16> {
  %codes = "seedlm.join_tiles"(%tiles) : (tensor<1x2048xi8>) -> tensor<64x32xi8>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(n, k) -> (k)>, affine_map<(n, k) -> (n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<64xf16>, tensor<64x32xi8>, tensor<f32>) -> tensor<64xf16>
  util.return %y : tensor<64xf16>
}

// -----

// Codes in planes are left to seedlm-lower-to-linalg.
// CHECK-LABEL: util.func public @planes(
// CHECK: "seedlm.contract"
util.func public @planes(%x: tensor<4x16xf32>, %words: tensor<2x2xi32>, %scale: tensor<f32>)
    -> tensor<4x2xf32> {
  %codes = "seedlm.join_planes"(%words) {operandSegmentSizes = array<i32: 1, 0>}
    : (tensor<2x2xi32>) -> tensor<2x8xi8>
  %y = "seedlm.contract"(%x, %codes, %scale) {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>],
    generator = "lfsr", block = 8, latent = 3, lfsr_width = 16, taps = array<i64: 0, 1, 3, 12>,
    coefficient_bits = 4, exponent_bits = 4, basis_bits = 16
  } : (tensor<4x16xf32>, tensor<2x8xi8>, tensor<f32>) -> tensor<4x2xf32>
  util.return %y : tensor<4x2xf32>
}
