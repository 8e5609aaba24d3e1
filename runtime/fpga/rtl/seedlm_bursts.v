// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Asks memory for ranges of beats, in bursts of up to 64.
module seedlm_bursts #(
  parameter COUNT_WIDTH = 16
) (
  input  wire                   clk,
  input  wire                   rst,
  input  wire                   range_valid,
  output wire                   range_ready,
  input  wire [31:0]            range_address,  // addresses are in beats
  input  wire [COUNT_WIDTH-1:0] range_end,      // beats, less one
  output reg                    request_valid,
  input  wire                   request_ready,
  output reg  [31:0]            request_address,
  output reg  [6:0]             request_beats
);
  reg                    active;
  reg [31:0]             address;
  reg [COUNT_WIDTH-7:0]  full_bursts;   // that are left before the last burst
  reg [5:0]              last_end;      // beats of the last burst, less one
  wire                   final_burst = full_bursts == 0;
  wire                   send = active && (!request_valid || request_ready);

  assign range_ready = !active;

  always @(posedge clk) begin
    if (!active) begin
      address     <= range_address;
      full_bursts <= range_end[COUNT_WIDTH-1:6];
      last_end    <= range_end[5:0];
    end else if (send) begin
      address     <= address + 32'd64;
      full_bursts <= full_bursts - 1'b1;
    end
    active <= active ? !(send && final_burst) : range_valid;

    if (send) begin
      request_address <= address;
      request_beats   <= final_burst ? {1'b0, last_end} + 7'd1 : 7'd64;
    end
    request_valid <= send || (request_valid && !request_ready);

    if (rst) begin
      active        <= 1'b0;
      request_valid <= 1'b0;
    end
  end
endmodule
