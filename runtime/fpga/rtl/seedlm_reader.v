// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Asks memory for the beats of a command, in the order in which the sequencer takes them: for each
// segment of columns its activations, then the codes of each group of rows, in bursts of up to 64
// beats.
module seedlm_reader #(
  parameter LANES = 16,
  parameter BANK_BITS = 2,
  parameter STEP_UNITS = 9,     // a step is STEP_UNITS / BEAT_UNITS beats, in lowest terms
  parameter BEAT_UNITS = 8,
  parameter SEGMENT_WIDTH = 10
) (
  input  wire                     clk,
  input  wire                     rst,
  input  wire                     start,
  input  wire [20:0]              rows,
  input  wire [20:0]              blocks,
  input  wire [SEGMENT_WIDTH-1:0] segment,
  input  wire [4:0]               batch,
  input  wire [31:0]              activations_address,  // addresses are in beats
  input  wire [31:0]              codes_address,
  output reg                      request_valid,
  input  wire                     request_ready,
  output reg  [31:0]              request_address,
  output reg  [6:0]               request_beats
);
  localparam IDLE = 3'd0, PART = 3'd1, SIZES = 3'd2, MORE = 3'd3, BEGIN = 3'd4,
    ACTIVATIONS = 3'd5, CODES = 3'd6;
  localparam SCALED_WIDTH = SEGMENT_WIDTH + $clog2(STEP_UNITS + 1);
  localparam LINES_WIDTH = SEGMENT_WIDTH - BANK_BITS + 1;
  localparam LEFT_WIDTH = SCALED_WIDTH + 5;   // for the beats of activations and of a group
  localparam [31:0] LINE_ROUND = (1 << BANK_BITS) - 1;
  localparam [31:0] STEP_FACTOR = STEP_UNITS;
  localparam [31:0] STEP_ROUND = BEAT_UNITS - 1;
  localparam [31:0] GROUP_ROWS = LANES;

  reg [2:0]               state;
  reg [20:0]              blocks_left, rows_left;
  reg [SEGMENT_WIDTH-1:0] part;
  reg [LEFT_WIDTH-1:0]    multiplied, product, scaled;
  reg [LEFT_WIDTH-1:0]    group_end, left;   // beats, less one
  reg [31:0]              activations_next, codes_next, address;

  wire [SEGMENT_WIDTH:0]  rounded_part = {1'b0, part} + LINE_ROUND[SEGMENT_WIDTH:0];
  wire [LINES_WIDTH-1:0]  lines = rounded_part[SEGMENT_WIDTH:BANK_BITS];
  wire [SCALED_WIDTH-1:0] scaled_part =
    {{(SCALED_WIDTH-SEGMENT_WIDTH){1'b0}}, part} * STEP_FACTOR[SCALED_WIDTH-1:0]
    + STEP_ROUND[SCALED_WIDTH-1:0];
  wire [LEFT_WIDTH-7:0]   full_bursts = left[LEFT_WIDTH-1:6];
  wire                    final_burst = full_bursts == 0;
  wire [6:0]              burst = final_burst ? {1'b0, left[5:0]} + 7'd1 : 7'd64;
  wire [31:0]             after = address + {25'd0, burst};
  wire                    last_group = rows_left <= GROUP_ROWS[20:0];
  wire [20:0]             part_blocks = {{(21-SEGMENT_WIDTH){1'b0}}, part};
  wire                    reading = state == ACTIVATIONS || state == CODES;
  wire                    send = reading && (!request_valid || request_ready);
  wire                    unused = &{1'b0, rounded_part};

  always @(posedge clk) begin
    if (send) begin
      request_valid   <= 1'b1;
      request_address <= address;
      request_beats   <= burst;
      address         <= after;
      left            <= {full_bursts - 1'b1, left[5:0]};
    end else if (request_ready) begin
      request_valid   <= 1'b0;
    end

    case (state)
      IDLE: if (start) begin
        blocks_left      <= blocks;
        activations_next <= activations_address;
        codes_next       <= codes_address;
        state            <= PART;
      end
      PART: begin
        part      <= blocks_left < {{(21-SEGMENT_WIDTH){1'b0}}, segment}
                     ? blocks_left[SEGMENT_WIDTH-1:0] : segment;
        rows_left <= rows;
        state     <= SIZES;
      end
      SIZES: begin
        multiplied <= {{(LEFT_WIDTH-LINES_WIDTH){1'b0}}, lines}
                      * {{(LEFT_WIDTH-5){1'b0}}, batch};
        scaled     <= {{(LEFT_WIDTH-SCALED_WIDTH){1'b0}}, scaled_part} >> $clog2(BEAT_UNITS);
        state      <= MORE;
      end
      MORE: begin
        product   <= multiplied;
        group_end <= scaled - 1'b1;
        state     <= BEGIN;
      end
      BEGIN: begin
        address <= activations_next;
        left    <= product - 1'b1;
        state   <= ACTIVATIONS;
      end
      ACTIVATIONS: if (send && final_burst) begin
        activations_next <= after;
        address          <= codes_next;
        left             <= group_end;
        state            <= CODES;
      end
      CODES: if (send && final_burst) begin
        rows_left <= rows_left - GROUP_ROWS[20:0];
        left      <= group_end;
        if (last_group) begin
          codes_next  <= after;
          blocks_left <= blocks_left - part_blocks;
          state       <= blocks_left == part_blocks ? IDLE : PART;
        end
      end
      default: state <= IDLE;
    endcase

    if (rst) begin
      state         <= IDLE;
      request_valid <= 1'b0;
    end
  end
endmodule
