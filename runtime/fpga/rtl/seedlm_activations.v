// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The activations of a segment of columns, for up to 16 vectors.
//
// A beat holds the activations of BANKS consecutive blocks of one vector, each in a place of
// PLACE int16. A block is read two cycles after its address.
module seedlm_activations #(
  parameter BEAT_WIDTH = 512,
  parameter BLOCK = 8,
  parameter PLACE = 8,         // BLOCK, rounded up to a power of two
  parameter BANK_BITS = 2,     // log2 of BEAT_WIDTH / 16 / PLACE
  parameter LINES = 128,       // beats of a vector in a segment
  parameter LINE_WIDTH = 7
) (
  input  wire                            clk,
  input  wire                            write,
  input  wire [LINE_WIDTH-1:0]           write_line,
  input  wire [3:0]                      write_vector,
  input  wire [BEAT_WIDTH-1:0]           write_data,
  input  wire [LINE_WIDTH+BANK_BITS-1:0] read_block,
  input  wire [3:0]                      read_vector,
  output reg  [BLOCK*16-1:0]             activations
);
  localparam BANKS = 1 << BANK_BITS;
  wire [BANKS*BLOCK*16-1:0]  words;
  reg  [BANK_BITS-1:0]       bank;
  wire [LINE_WIDTH+3:0]      write_address = {write_line, write_vector};
  wire [LINE_WIDTH+3:0]      read_address = {read_block[BANK_BITS +: LINE_WIDTH], read_vector};
  wire unused = &{1'b0, write_data};
  genvar k;

  generate
    for (k = 0; k < BANKS; k = k + 1) begin : banks
      (* ram_style = "block" *) reg [BLOCK*16-1:0] memory [0:LINES*16-1];
      reg [BLOCK*16-1:0] word;
      always @(posedge clk) begin
        if (write) memory[write_address] <= write_data[k*PLACE*16 +: BLOCK*16];
        word <= memory[read_address];
      end
      assign words[k*BLOCK*16 +: BLOCK*16] = word;
    end
  endgenerate

  always @(posedge clk) begin
    bank <= read_block[BANK_BITS-1:0];
    activations <= words[bank*BLOCK*16 +: BLOCK*16];
  end
endmodule
