#include "dispatch.h"

#include "isa/tables.h"

#ifdef __x86_64__
#include <cpuid.h>
#endif

namespace nn {

#if defined(__x86_64__)

namespace {

/** What the CPU has *and* the operating system saves: registers that are not saved at a task switch are as good as
 * absent. */
struct Cpu {
  bool avx2 = false;
  bool avx512 = false;
  /** AMD's Zen 3 and 4: their 512-bit multiplications and additions share units half as wide, and lose to 256-bit ones.
   */
  bool narrow = false;

  Cpu() {
    u32 a = 0, b = 0, c = 0, d = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return;
    const u32 family = (a >> 8 & 15) == 15 ? 15 + (a >> 20 & 255) : a >> 8 & 15;
    constexpr u32 osxsave = 1u << 27, avx = 1u << 28;
    if ((c & osxsave) == 0 || (c & avx) == 0) return;
    u32 low = 0, high = 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    constexpr u32 saves256 = 0x06, saves512 = 0xe6;  // XMM, YMM; opmask, upper halves of ZMM, the upper 16 ZMM
    u32 vendor = 0;
    __get_cpuid(0, &a, &vendor, &c, &d);
    constexpr u32 amd = 0x68747541;  // "Auth"
    narrow = vendor == amd && family == 0x19;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return;
    constexpr u32 avx2Bit = 1u << 5, f = 1u << 16, dq = 1u << 17, bw = 1u << 30, vl = 1u << 31;
    avx2 = (low & saves256) == saves256 && (b & avx2Bit) != 0;
    avx512 = avx2 && (low & saves512) == saves512 && (b & f) != 0 && (b & dq) != 0 && (b & bw) != 0 && (b & vl) != 0;
  }
};

Implementations ask() {
  const Cpu cpu;
  const Implementation wide = {&avx512, cpu.avx512 ? nullptr : "this CPU has no AVX-512"};
  const Implementation middle = {&avx2, cpu.avx2 ? nullptr : "this CPU has no AVX2"};
  const Implementation plain = {&baseline, nullptr};
  if (cpu.narrow) return {{middle, wide, plain}, 3};
  return {{wide, middle, plain}, 3};
}

const Implementations known = ask();  // when the addon is loaded, before any thread can want it

}  // namespace

#elif defined(__aarch64__)

static const Implementations known = {{{&neon, nullptr}}, 1};  // every arm64 CPU has it

#else

static const Implementations known = {{{&baseline, nullptr}}, 1};

#endif

const Implementations& implementations() {
  return known;
}

}  // namespace nn
