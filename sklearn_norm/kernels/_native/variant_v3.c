/* The kernels for x86-64 machines with AVX2, in the same binary as the base variant. */

#include "native.h"

#if HAS_VARIANTS
#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,bmi,bmi2,lzcnt,popcnt"))), apply_to = function)
#else
#pragma GCC target("avx2,fma,f16c,bmi,bmi2,lzcnt,popcnt")
#endif
#define VARIANT v3
#define VARIANT_LANES 4
#include "variant.inc"
#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
