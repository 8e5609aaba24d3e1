// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
util.global private @w = #stream.parameter.named<"model"::"absent"> : tensor<4xi32>
util.func public @f() -> tensor<4xi32> {
  %w = util.global.load @w : tensor<4xi32>
  util.return %w : tensor<4xi32>
}
