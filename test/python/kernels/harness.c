// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls one kernel with what standard input holds and writes the result to standard output.

#include "kernels.h"

// Declared here since the emulated machine has no C library, only system_calls.c.
void *malloc(size_t size);
void free(void *pointer);
long read(int file, void *bytes, size_t size);
long write(int file, const void *bytes, size_t size);
_Noreturn void exit(int status);

// The activations of INT8 are prepared ones; PREPARE makes them in place of the result. The indices of
// GATHER are in place of activations.
enum function { F32, INT8, PREPARE, GATHER_I32, GATHER_I64 };

// Presets are numbered as SEEDLM_PRESETS or, for INT8 and PREPARE, SEEDLM_BYTE_PRESETS has them.
struct request {
  uint64_t function, preset;
  uint64_t codes_size, codes_offset, codes_stride;
  uint64_t scales_size, scales_offset;
  uint64_t x_size, x_offset, x_stride;
  uint64_t prepared_size, prepared_offset, prepared_stride;
  uint64_t y_size, y_offset, y_stride;
  uint64_t rows, columns, batch;
};

typedef void product(const uint8_t *, size_t, size_t, const void *, size_t, const float *, size_t,
                     size_t, float *, size_t, size_t, size_t, size_t, size_t);
typedef void int8_product(const uint8_t *, size_t, size_t, const void *, size_t, const uint8_t *,
                          size_t, size_t, const float *, size_t, size_t, float *, size_t, size_t,
                          size_t, size_t, size_t);
typedef void gathering(const uint8_t *, size_t, size_t, const void *, size_t, const void *, size_t,
                       float *, size_t, size_t, size_t, size_t, size_t);
typedef void preparation(const float *, size_t, size_t, uint8_t *, size_t, size_t, size_t, size_t);

#define F32_KERNEL(NAME, SCALE) (product *)seedlm_##NAME##_f32,
static product *const f32_kernels[] = {SEEDLM_PRESETS(F32_KERNEL)};

#define GATHER_KERNELS(NAME, SCALE)                                                                \
  {(gathering *)seedlm_##NAME##_gather_i32, (gathering *)seedlm_##NAME##_gather_i64},
static gathering *const gather_kernels[][2] = {SEEDLM_PRESETS(GATHER_KERNELS)};

#define INT8_KERNEL(NAME, SCALE) (int8_product *)seedlm_##NAME##_int8,
#define PREPARE_KERNEL(NAME, SCALE) seedlm_##NAME##_prepare,
static int8_product *const int8_kernels[] = {SEEDLM_BYTE_PRESETS(INT8_KERNEL)};
static preparation *const prepare_kernels[] = {SEEDLM_BYTE_PRESETS(PREPARE_KERNEL)};

static void *read_bytes(size_t size) {
  char *bytes = malloc(size);
  for (size_t done = 0; done < size;) {
    const long count = bytes ? read(0, bytes + done, size - done) : 0;
    if (count <= 0)
      exit(1);
    done += (size_t)count;
  }
  return bytes;
}

static void write_bytes(const char *bytes, size_t size) {
  for (size_t done = 0; done < size;) {
    const long count = write(1, bytes + done, size - done);
    if (count <= 0)
      exit(1);
    done += (size_t)count;
  }
}

int main(void) {
  struct request *r = read_bytes(sizeof *r);
  uint8_t *codes = read_bytes(r->codes_size);
  void *scales = read_bytes(r->scales_size);
  float *x = read_bytes(r->x_size);
  uint8_t *prepared = read_bytes(r->prepared_size);
  void *y = read_bytes(r->y_size);
  if (r->function == PREPARE)
    prepare_kernels[r->preset](x, r->x_offset, r->x_stride, y, r->y_offset, r->y_stride,
                               r->columns, r->batch);
  else if (r->function == INT8)
    int8_kernels[r->preset](codes, r->codes_offset, r->codes_stride, scales, r->scales_offset,
                            prepared, r->prepared_offset, r->prepared_stride, x, r->x_offset,
                            r->x_stride, y, r->y_offset, r->y_stride, r->rows, r->columns,
                            r->batch);
  else if (r->function >= GATHER_I32)
    gather_kernels[r->preset][r->function - GATHER_I32](
        codes, r->codes_offset, r->codes_stride, scales, r->scales_offset, x, r->x_offset, y,
        r->y_offset, r->y_stride, r->rows, r->columns, r->batch);
  else
    f32_kernels[r->preset](codes, r->codes_offset, r->codes_stride, scales, r->scales_offset, x,
                           r->x_offset, r->x_stride, y, r->y_offset, r->y_stride, r->rows,
                           r->columns, r->batch);
  write_bytes(y, r->y_size);
  free(y), free(prepared), free(x), free(scales), free(codes), free(r);
  return 0;
}
