// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An FP16 weight to its signed significand and the shift that stands for its exponent:
// value * 2**24 = weight * 2**shift. Infinities and NaN have no meaning here.
//
// Taken when `load` is set; the weight is there 3 cycles later and stays until the next one.
// `shift` is there one cycle after `load`.
module seedlm_decode_fp16 (
  input  wire        clk,
  input  wire        load,
  input  wire [15:0] record,
  output reg  [11:0] weight,
  output reg  [4:0]  shift
);
  reg [11:0] taken;   // sign and significand
  reg        negative;
  reg [10:0] significand;
  wire       normal = |record[14:10];

  always @(posedge clk) begin
    if (load) begin
      taken <= {record[15], normal, record[9:0]};
      shift <= normal ? record[14:10] - 5'd1 : 5'd0;
    end
    negative    <= taken[11];
    significand <= taken[10:0];
    weight      <= negative ? -{1'b0, significand} : {1'b0, significand};
  end
endmodule
