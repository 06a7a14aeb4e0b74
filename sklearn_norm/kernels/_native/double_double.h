/* Double-double arithmetic: the same steps as in kernels/double_double.py, which explains them, so
   that both backends give the same bits. */

#ifndef SKLEARN_NORM_DOUBLE_DOUBLE_H
#define SKLEARN_NORM_DOUBLE_DOUBLE_H

#include "native.h"

#include <math.h>
#include <string.h>

/* high + low, where low is at most half an ulp of high. */
typedef struct {
    double high, low;
} Double;

static inline Double dd_exact(double a) {
    Double r = {a, 0.0};
    return r;
}

static inline Double dd_negative(Double a) {
    Double r = {-a.high, -a.low};
    return r;
}

static inline Double two_sum(double a, double b) {
    double high = a + b, shadow = high - a;
    Double r = {high, (a - (high - shadow)) + (b - shadow)};
    return r;
}

static inline Double two_product(double a, double b) {
    double high = a * b;
    Double r = {high, rounding_error(a, b, high)};
    return r;
}

static inline Double dd_add(Double a, Double b) {
    Double s = two_sum(a.high, b.high), t = two_sum(a.low, b.low);
    s = two_sum(s.high, s.low + t.high);
    return two_sum(s.high, s.low + t.low);
}

static inline Double dd_multiply(Double a, Double b) {
    Double p = two_product(a.high, b.high);
    return two_sum(p.high, p.low + (a.high * b.low + a.low * b.high));
}

static inline Double dd_divide(Double a, Double b) {
    double first = a.high / b.high;
    Double rest = dd_add(a, dd_negative(dd_multiply(b, dd_exact(first))));
    return two_sum(first, rest.high / b.high);
}

/* The square root; 0 for numbers of at most 0. */
static inline Double dd_root(Double a) {
    if (a.high <= 0) return dd_exact(0.0);
    double first = sqrt(a.high);
    Double rest = dd_add(a, dd_negative(two_product(first, first)));
    return two_sum(first, rest.high / (2 * first));
}

/* The next float after a, upwards if `sign` is positive. */
static inline double next_float(double a, double sign) {
    int outwards = (signbit(a) != 0) == (signbit(sign) != 0);
    int64_t bits;
    if (a == 0) return copysign(0x1p-1074, sign);
    if (a != a || (isinf(a) && outwards)) return a;
    memcpy(&bits, &a, 8);
    bits += outwards ? 1 : -1;
    memcpy(&a, &bits, 8);
    return a;
}

/* The nearest float; a number that is almost a tie is rounded to even. */
static inline double dd_nearest(Double a) {
    double half = (next_float(a.high, a.low) - a.high) / 2;
    return fabs(a.low - half) <= 0x1p-20 * fabs(half) ? a.high + half : a.high;
}

/* The nearest float to a * 2**power, rounded only once even if it is subnormal. */
static inline double dd_times_power(Double a, int power) {
    double high = dd_nearest(a), value = power ? ldexp(high, power) : high;
    if (!(fabs(value) < 0x1p-1022)) return value;
    double low = (a.high - high) + a.low;
    if (fabs(low) <= 0x1p-85 * fabs(high)) low = 0.0;
    double rest = (high - ldexp(value, -power)) + low;
    return value + ldexp(rest, power);
}

/* The number, rounded to a multiple of a power of two. */
static inline Double dd_on_grid(Double a, double unit) {
    double high = rint(a.high / unit) * unit;
    return two_sum(high, rint(((a.high - high) + a.low) / unit) * unit);
}

#endif
