/* The kernels for x86-64 machines with AVX-512, in the same binary as the base variant. */

#include "native.h"

#if HAS_VARIANTS
#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512cd,avx2,fma,f16c,bmi,bmi2,lzcnt,popcnt"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx512cd,avx2,fma,f16c,bmi,bmi2,lzcnt,popcnt,prefer-vector-width=512")
#endif
#define VARIANT v4
#define VARIANT_LANES 8
#include "variant.inc"
#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
