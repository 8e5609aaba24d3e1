// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A product on the device @fpga, as docs/fpga.md describes it. Words in braces are replaced.
stream.executable private @seedlm_fpga {
  stream.executable.export public @multiply workgroups() -> (index, index, index) {
    %c1 = arith.constant 1 : index
    stream.return %c1, %c1, %c1 : index, index, index
  }
  builtin.module {
    func.func private @{symbol}(
        memref<i8>, index, memref<i16>, index, memref<i64>, index, index, index, index)
        attributes {llvm.bareptr = true}
    func.func @multiply(%codes: !stream.binding, %activations: !stream.binding,
                        %results: !stream.binding, %batch: index) {
      %c0 = arith.constant 0 : index
      %rows = arith.constant {rows} : index
      %columns = arith.constant {columns} : index
      %c = stream.binding.subspan %codes[%c0] : !stream.binding -> memref<{bytes}xi8>
      %a = stream.binding.subspan %activations[%c0]
          : !stream.binding -> memref<?x{columns}xi16>{%batch}
      %r = stream.binding.subspan %results[%c0]
          : !stream.binding -> memref<{segments}x?x{rows}xi64>{%batch}
      %pc, %oc, %nc, %sc = iree_codegen.extract_strided_metadata %c
          : memref<{bytes}xi8> -> memref<i8>, index, index, index
      %pa, %oa, %na:2, %sa:2 = iree_codegen.extract_strided_metadata %a
          : memref<?x{columns}xi16> -> memref<i16>, index, index, index, index, index
      %pr, %or, %nr:3, %sr:3 = iree_codegen.extract_strided_metadata %r
          : memref<{segments}x?x{rows}xi64>
            -> memref<i64>, index, index, index, index, index, index, index
      func.call @{symbol}(%pc, %oc, %pa, %oa, %pr, %or, %rows, %columns, %batch)
          : (memref<i8>, index, memref<i16>, index, memref<i64>, index, index, index, index)
            -> ()
      return
    }
  }
}
util.func public @main(%codes: tensor<{bytes}xi8>, %activations: tensor<?x{columns}xi16>)
    -> tensor<{segments}x?x{rows}xi64> {
  %c0 = arith.constant 0 : index
  %batch = tensor.dim %activations, %c0 : tensor<?x{columns}xi16>
  %c = flow.tensor.transfer %codes : tensor<{bytes}xi8> to #hal.device.promise<@fpga>
  %a = flow.tensor.transfer %activations
      : tensor<?x{columns}xi16>{%batch} to #hal.device.promise<@fpga>
  %r = flow.dispatch @seedlm_fpga::@multiply(%c, %a, %batch)
      {stream.affinity = #hal.device.promise<@fpga>}
      : (tensor<{bytes}xi8>, tensor<?x{columns}xi16>{%batch}, index)
      -> tensor<{segments}x?x{rows}xi64>{%batch}
  %results = flow.tensor.transfer %r
      : tensor<{segments}x?x{rows}xi64>{%batch} to #hal.device.promise<@cpu>
  util.return %results : tensor<{segments}x?x{rows}xi64>
}
