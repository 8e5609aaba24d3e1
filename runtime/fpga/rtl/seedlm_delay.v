// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A word CYCLES later.
module seedlm_delay #(
  parameter WIDTH = 1,
  parameter CYCLES = 1
) (
  input  wire             clk,
  input  wire [WIDTH-1:0] in,
  output wire [WIDTH-1:0] out
);
  generate
    if (CYCLES == 0) begin : none
      wire unused = &{1'b0, clk};
      assign out = in;
    end else begin : line
      reg [WIDTH-1:0] words [0:CYCLES-1];
      integer i;
      always @(posedge clk) begin
        words[0] <= in;
        for (i = 1; i < CYCLES; i = i + 1) words[i] <= words[i-1];
      end
      assign out = words[CYCLES-1];
    end
  endgenerate
endmodule
