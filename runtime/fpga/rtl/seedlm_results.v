// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sends the results of a group of rows, one a cycle: for each vector those of its rows in order.
module seedlm_results #(
  parameter LANES = 16,
  parameter WIDTH = 44
) (
  input  wire                            clk,
  input  wire                            rst,
  input  wire                            claim,         // the last step of a group is issued
  input  wire                            done,          // its last results have been written
  input  wire [$clog2(LANES):0]          rows,
  input  wire [4:0]                      batch,
  output reg                             free,
  output reg  [3:0]                      index,         // the vector whose results are read
  input  wire [LANES*WIDTH-1:0]          results,
  output reg                             result_valid,
  input  wire                            result_ready,
  output reg  [WIDTH-1:0]                result_data
);
  localparam LANE_BITS = $clog2(LANES);
  reg                 sending;
  reg [LANE_BITS-1:0] lane;
  wire                move = sending && (!result_valid || result_ready);
  wire [LANE_BITS:0]  next_lane = {1'b0, lane} + 1'b1;
  wire [4:0]          next_index = {1'b0, index} + 5'd1;
  wire                last_lane = next_lane == rows;
  wire                last = last_lane && next_index == batch;

  always @(posedge clk) begin
    if (move) begin
      result_valid <= 1'b1;
      result_data  <= results[lane*WIDTH +: WIDTH];
      lane         <= last_lane ? {LANE_BITS{1'b0}} : next_lane[LANE_BITS-1:0];
      if (last_lane) index <= last ? 4'd0 : next_index[3:0];
    end else if (result_ready) begin
      result_valid <= 1'b0;
    end
    sending <= done || (sending && !(move && last));
    if (claim) free <= 1'b0;
    else if (move && last) free <= 1'b1;

    if (rst) begin
      result_valid <= 1'b0;
      sending      <= 1'b0;
      free         <= 1'b1;
      lane         <= {LANE_BITS{1'b0}};
      index        <= 4'd0;
    end
  end
endmodule
