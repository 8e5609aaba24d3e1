// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The whole device: control registers and engine. `seedlm_top`, which is generated from a code,
// gives the parameters.
module seedlm_device #(
  parameter FP16 = 0,
  parameter BEAT_WIDTH = 512,
  parameter LANES = 16,
  parameter BLOCK = 8,
  parameter LATENT = 3,
  parameter SEED_WIDTH = 18,
  parameter COEFFICIENT_BITS = 4,
  parameter EXPONENT_BITS = 2,
  parameter BASIS_BITS = 8,
  parameter RECORD_WIDTH = 32,
  parameter WEIGHT_WIDTH = 13,
  parameter SHIFT_WIDTH = 2,
  parameter MAX_SHIFT = 3,
  parameter RESULT_WIDTH = 44,
  parameter UNIT_WIDTH = 512,
  parameter PLACE = 8,
  parameter BANK_BITS = 2,
  parameter LINES = 128,
  parameter LINE_WIDTH = 7,
  parameter MAX_SEGMENT = 512,
  parameter SEGMENT_WIDTH = 10
) (
  input  wire                    clk,
  input  wire                    rst,
  input  wire                    access_valid,
  output wire                    access_ready,
  input  wire                    access_write,
  input  wire [7:0]              access_address,
  input  wire [31:0]             access_data,
  output wire                    read_valid,
  input  wire                    read_ready,
  output wire [31:0]             read_data,
  output wire                    request_valid,
  input  wire                    request_ready,
  output wire [31:0]             request_address,
  output wire [6:0]              request_beats,
  input  wire                    data_valid,
  output wire                    data_ready,
  input  wire [BEAT_WIDTH-1:0]   data,
  output wire                    result_valid,
  input  wire                    result_ready,
  output wire [RESULT_WIDTH-1:0] result_data
);
  wire                     start, busy, done, beat_taken, beat_missing, beat_waiting;
  wire [20:0]              rows, blocks;
  wire [SEGMENT_WIDTH-1:0] segment;
  wire [4:0]               batch;
  wire [31:0]              activations_address, codes_address;

  seedlm_registers #(
    .LANES(LANES), .BLOCK(BLOCK), .MAX_SEGMENT(MAX_SEGMENT),
    .SEGMENT_WIDTH(SEGMENT_WIDTH)
  ) registers (
    .clk(clk), .rst(rst), .access_valid(access_valid), .access_ready(access_ready),
    .access_write(access_write), .access_address(access_address), .access_data(access_data),
    .read_valid(read_valid), .read_ready(read_ready), .read_data(read_data), .start(start),
    .rows(rows), .blocks(blocks), .segment(segment), .batch(batch),
    .activations_address(activations_address), .codes_address(codes_address), .busy(busy),
    .done(done), .beat_taken(beat_taken), .beat_missing(beat_missing),
    .beat_waiting(beat_waiting), .result_waiting(result_valid && !result_ready));

  seedlm_engine #(
    .FP16(FP16), .BEAT_WIDTH(BEAT_WIDTH), .LANES(LANES), .BLOCK(BLOCK), .LATENT(LATENT),
    .SEED_WIDTH(SEED_WIDTH), .COEFFICIENT_BITS(COEFFICIENT_BITS), .EXPONENT_BITS(EXPONENT_BITS),
    .BASIS_BITS(BASIS_BITS), .RECORD_WIDTH(RECORD_WIDTH), .WEIGHT_WIDTH(WEIGHT_WIDTH),
    .SHIFT_WIDTH(SHIFT_WIDTH), .MAX_SHIFT(MAX_SHIFT), .RESULT_WIDTH(RESULT_WIDTH),
    .UNIT_WIDTH(UNIT_WIDTH), .PLACE(PLACE), .BANK_BITS(BANK_BITS), .LINES(LINES),
    .LINE_WIDTH(LINE_WIDTH), .SEGMENT_WIDTH(SEGMENT_WIDTH)
  ) engine (
    .clk(clk), .rst(rst), .start(start), .rows(rows), .blocks(blocks), .segment(segment),
    .batch(batch), .activations_address(activations_address), .codes_address(codes_address),
    .busy(busy), .done(done), .beat_taken(beat_taken), .beat_missing(beat_missing),
    .beat_waiting(beat_waiting), .request_valid(request_valid), .request_ready(request_ready),
    .request_address(request_address), .request_beats(request_beats), .data_valid(data_valid),
    .data_ready(data_ready), .data(data), .result_valid(result_valid),
    .result_ready(result_ready), .result_data(result_data));
endmodule
