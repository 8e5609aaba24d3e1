# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The Verilog that depends on a code: the XOR network of its register and the top module."""

from seedlm.codec.code import Code
from seedlm.fpga.parameters import EngineParameters

RESULT_BITS = 128
"""Bits of a result at the port of `seedlm_top`, where it is sign-extended."""

TOP = "seedlm_top"
"""The top module."""

_LICENSE = "// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n"

_TOP = """{license}\
// The device for {name}, generated.
module seedlm_top (
  input  wire         clk,
  input  wire         rst,
  input  wire         access_valid,
  output wire         access_ready,
  input  wire         access_write,
  input  wire [7:0]   access_address,
  input  wire [31:0]  access_data,
  output wire         read_valid,
  input  wire         read_ready,
  output wire [31:0]  read_data,
  output wire         request_valid,
  input  wire         request_ready,
  output wire [31:0]  request_address,
  output wire [6:0]   request_beats,
  input  wire         data_valid,
  output wire         data_ready,
  input  wire [511:0] data,
  output wire         result_valid,
  input  wire         result_ready,
  output wire [{top_bit}:0] result_data
);
  wire [{result_bit}:0] result;
  assign result_data = {{{{{spare}{{result[{result_bit}]}}}}, result}};

  seedlm_device #(
{parameters}
  ) device (
    .clk(clk), .rst(rst), .access_valid(access_valid), .access_ready(access_ready),
    .access_write(access_write), .access_address(access_address), .access_data(access_data),
    .read_valid(read_valid), .read_ready(read_ready), .read_data(read_data),
    .request_valid(request_valid), .request_ready(request_ready),
    .request_address(request_address), .request_beats(request_beats), .data_valid(data_valid),
    .data_ready(data_ready), .data(data), .result_valid(result_valid),
    .result_ready(result_ready), .result_data(result));
endmodule
"""


def modules(parameters: EngineParameters) -> dict[str, str]:
    """Returns the texts of the modules that depend on the engine, by file name."""
    texts = {f"{TOP}.v": top_module(parameters)}
    if parameters.code is not None:
        texts["seedlm_expand.v"] = expand_module(parameters.code)
    return texts


def state_masks(code: Code) -> list[int]:
    """Returns which bits of a seed are XORed into each bit that the decoder reads.

    There are `block * latent + basis_bits - 1` bits. A window of `basis_bits` of them from bit i on
    is the top of the register's i-th state after the seed, v_i.
    """
    width = code.lfsr_width
    masks = [1 << bit for bit in range(width)]
    for bit in range(code.block * code.latent):
        feedback = 0
        for tap in code.taps:
            feedback ^= masks[bit + tap]
        masks.append(feedback)
    return masks[1 + width - code.basis_bits :]


def expand_module(code: Code) -> str:
    """Returns `seedlm_expand`, from a seed to the bits of its states, all at once."""
    masks = state_masks(code)
    lines = [f"  assign states[{bit}] = {_xor(mask)};" for bit, mask in enumerate(masks)]
    header = (
        f"// The states after a seed of {code.lfsr_width} bits, taps "
        f"{', '.join(map(str, code.taps))}, generated.\n"
        "module seedlm_expand (\n"
        f"  input  wire [{code.lfsr_width - 1}:0] seed,\n"
        f"  output wire [{len(masks) - 1}:0] states\n"
        ");\n"
    )
    unread = [bit for bit in range(code.lfsr_width) if not any(mask >> bit & 1 for mask in masks)]
    if unread:
        lines.append(f"  wire unused = &{{1'b0, {_terms(unread, ', ')}}};")
    return _LICENSE + header + "\n".join(lines) + "\nendmodule\n"


def top_module(parameters: EngineParameters) -> str:
    """Returns `seedlm_top`, the device with the sizes of an engine."""
    result_bit = parameters.result_bits - 1
    values = (f"    .{name}({value})" for name, value in parameters.verilog().items())
    return _TOP.format(
        license=_LICENSE,
        name=parameters.name,
        top_bit=RESULT_BITS - 1,
        result_bit=result_bit,
        spare=RESULT_BITS - parameters.result_bits,
        parameters=",\n".join(values),
    )


def _xor(mask: int) -> str:
    return _terms([bit for bit in range(mask.bit_length()) if mask >> bit & 1], " ^ ")


def _terms(bits: list[int], separator: str) -> str:
    return separator.join(f"seed[{bit}]" for bit in bits)
