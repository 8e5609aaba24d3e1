// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What harness.c needs of a C library, in system calls of Linux on aarch64: to build a whole library
// for the emulated machine takes minutes.

#include <stddef.h>

enum { READ = 63, WRITE = 64, EXIT = 93 };
enum { MEMORY = 64 << 20 };

static long system_call(long number, long a, long b, long c) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
}

_Noreturn void exit(int status) {
  system_call(EXIT, status, 0, 0);
  __builtin_unreachable();
}

long read(int file, void *bytes, size_t size) {
  return system_call(READ, file, (long)bytes, (long)size);
}

long write(int file, const void *bytes, size_t size) {
  return system_call(WRITE, file, (long)bytes, (long)size);
}

void *malloc(size_t size) {
  static _Alignas(64) char memory[MEMORY];
  static size_t used;
  char *start = memory + used;
  used += (size + 63) & ~(size_t)63;
  return used <= MEMORY ? start : NULL;
}

void free(void *pointer) { (void)pointer; }

int main(void);

void _start(void) { exit(main()); }
