// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A valid/ready register with one spare place, so that `in_ready` comes from a register.
module seedlm_skid #(
  parameter WIDTH = 512
) (
  input  wire             clk,
  input  wire             rst,
  input  wire             in_valid,
  output wire             in_ready,
  input  wire [WIDTH-1:0] in_data,
  output reg              out_valid,
  input  wire             out_ready,
  output reg  [WIDTH-1:0] out_data
);
  reg             spare_valid;
  reg [WIDTH-1:0] spare_data;
  wire            move = !out_valid || out_ready;

  assign in_ready = !spare_valid;

  always @(posedge clk) begin
    if (rst) begin
      out_valid   <= 1'b0;
      spare_valid <= 1'b0;
    end else begin
      if (move) out_valid <= spare_valid || in_valid;
      spare_valid <= !move && (spare_valid || in_valid);
    end
    if (move) out_data <= spare_valid ? spare_data : in_data;
    if (in_ready) spare_data <= in_data;
  end
endmodule
