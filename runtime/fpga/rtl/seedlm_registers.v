// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The control registers of the device, 32 bits each, by byte address.
//
//   00 control      write 1: start; not accepted before the device is idle
//   04 status       0 busy, 1 done, 2 refused: a shape was out of range and nothing was done
//   08 rows   0c blocks (of a row)   10 segment (blocks, at most MAX_SEGMENT)   14 batch
//   18 address of activations   1c address of codes, both in beats
//   20 cycles   28 beats   30 cycles waiting for memory   38 cycles in which memory waited
//   40 cycles in which a result waited: 48 bits each, of the last command
//   48 lanes | block << 8 | MAX_SEGMENT << 16
// The first four can be written while a command runs: they belong to the next one.
module seedlm_registers #(
  parameter LANES = 16,
  parameter BLOCK = 8,
  parameter MAX_SEGMENT = 512,
  parameter SEGMENT_WIDTH = 10
) (
  input  wire                     clk,
  input  wire                     rst,
  input  wire                     access_valid,
  output wire                     access_ready,
  input  wire                     access_write,
  input  wire [7:0]               access_address,
  input  wire [31:0]              access_data,
  output reg                      read_valid,
  input  wire                     read_ready,
  output reg  [31:0]              read_data,
  output reg                      start,
  output reg  [20:0]              rows,
  output reg  [20:0]              blocks,
  output reg  [SEGMENT_WIDTH-1:0] segment,
  output reg  [4:0]               batch,
  output reg  [31:0]              activations_address,
  output reg  [31:0]              codes_address,
  input  wire                     busy,
  input  wire                     done,
  input  wire                     beat_taken,
  input  wire                     beat_missing,
  input  wire                     beat_waiting,
  input  wire                     result_waiting
);
  localparam [20:0] MAX_SIZE = 21'd1048576;
  localparam [20:0] SEGMENT_LIMIT = MAX_SEGMENT;
  localparam [31:0] IDENTITY = LANES | (BLOCK << 8) | (MAX_SEGMENT << 16);

  reg [20:0] next_rows, next_blocks, next_segment;
  reg [4:0]  next_batch;
  reg [31:0] next_activations, next_codes;
  reg        checking, finished, refused;
  reg        rows_fit, blocks_fit, segment_fits, batch_fits;
  reg [47:0] cycles, beats, missing, waiting, held;

  wire running = busy || start || checking;
  wire control = access_write && access_address[7:2] == 6'd0;
  assign access_ready = !(read_valid && !read_ready) && !(control && running);
  wire accept = access_valid && access_ready;
  wire fits = rows_fit && blocks_fit && segment_fits && batch_fits;

  wire [20:0] size = |access_data[31:21] ? 21'd0 : access_data[20:0];

  always @(posedge clk) begin
    if (accept && access_write)
      case (access_address[7:2])
        6'd2: next_rows <= size;
        6'd3: next_blocks <= size;
        6'd4: next_segment <= size;
        6'd5: next_batch <= |size[20:5] ? 5'd0 : size[4:0];
        6'd6: next_activations <= access_data;
        6'd7: next_codes <= access_data;
        default: ;
      endcase

    checking     <= accept && control && access_data[0];
    rows_fit     <= next_rows != 21'd0 && next_rows <= MAX_SIZE;
    blocks_fit   <= next_blocks != 21'd0 && next_blocks <= MAX_SIZE;
    segment_fits <= next_segment != 21'd0 && next_segment <= SEGMENT_LIMIT;
    batch_fits   <= next_batch != 5'd0 && next_batch <= 5'd16;
    start        <= checking && fits;
    if (checking) begin
      finished            <= 1'b0;
      refused             <= !fits;
      rows                <= next_rows;
      blocks              <= next_blocks;
      segment             <= next_segment[SEGMENT_WIDTH-1:0];
      batch               <= next_batch;
      activations_address <= next_activations;
      codes_address       <= next_codes;
    end else if (done) begin
      finished <= 1'b1;
    end

    if (start) begin
      cycles  <= 48'd1;
      beats   <= 48'd0;
      missing <= 48'd0;
      waiting <= 48'd0;
      held    <= 48'd0;
    end else if (busy) begin
      cycles <= cycles + 48'd1;
      if (beat_taken) beats <= beats + 48'd1;
      if (beat_missing) missing <= missing + 48'd1;
      if (beat_waiting) waiting <= waiting + 48'd1;
      if (result_waiting) held <= held + 48'd1;
    end

    if (accept && !access_write)
      case (access_address[7:2])
        6'd1: read_data <= {29'd0, refused, finished, running};
        6'd2: read_data <= {11'd0, next_rows};
        6'd3: read_data <= {11'd0, next_blocks};
        6'd4: read_data <= {11'd0, next_segment};
        6'd5: read_data <= {27'd0, next_batch};
        6'd6: read_data <= next_activations;
        6'd7: read_data <= next_codes;
        6'd8: read_data <= cycles[31:0];
        6'd9: read_data <= {16'd0, cycles[47:32]};
        6'd10: read_data <= beats[31:0];
        6'd11: read_data <= {16'd0, beats[47:32]};
        6'd12: read_data <= missing[31:0];
        6'd13: read_data <= {16'd0, missing[47:32]};
        6'd14: read_data <= waiting[31:0];
        6'd15: read_data <= {16'd0, waiting[47:32]};
        6'd16: read_data <= held[31:0];
        6'd17: read_data <= {16'd0, held[47:32]};
        6'd18: read_data <= IDENTITY;
        default: read_data <= 32'd0;
      endcase
    if (accept && !access_write) read_valid <= 1'b1;
    else if (read_ready) read_valid <= 1'b0;

    if (rst) begin
      read_valid <= 1'b0;
      checking   <= 1'b0;
      start      <= 1'b0;
      finished   <= 1'b0;
      refused    <= 1'b0;
    end
  end
  wire unused = &{1'b0, access_address[1:0]};
endmodule
