/* Sums of one column in double-double, and their merge: the same steps as in
   statistics/moments.py, where they are explained, on plain numbers. */

#include "native.h"

#include <math.h>

typedef struct {
    double high, low;
} Double;

static Double two_sum(double a, double b) {
    double high = a + b, shadow = high - a;
    Double r = {high, (a - (high - shadow)) + (b - shadow)};
    return r;
}

static Double two_product(double a, double b) {
    double high = a * b;
    Double r = {high, product_error(a, b, high)};
    return r;
}

static Double add(Double a, Double b) {
    Double s = two_sum(a.high, b.high), t = two_sum(a.low, b.low);
    s = two_sum(s.high, s.low + t.high);
    return two_sum(s.high, s.low + t.low);
}

static Double multiply(Double a, Double b) {
    Double p = two_product(a.high, b.high);
    return two_sum(p.high, p.low + (a.high * b.low + a.low * b.high));
}

void sums_none(Sums *s) {
    Sums none = {0, 0, NO_EXPONENT, 0, 0, 0, 0, 0, INFINITY, -INFINITY};
    *s = none;
}

/* Rewrite in coarser units; what is lost lies far below the other's last bit. */
static void in_units(Sums *s, double exponent) {
    if (s->exponent == exponent) return;
    int power = (int)(s->exponent - exponent);
    s->exponent = exponent;
    s->shift = ldexp(s->shift, power);
    s->sum = ldexp(s->sum, power);
    s->sum_low = ldexp(s->sum_low, power);
    s->square = ldexp(s->square, 2 * power);
    s->square_low = ldexp(s->square_low, 2 * power);
}

void sums_merge(Sums *into, const Sums *other) {
    if (other->weight == 0.0) return;
    if (into->weight == 0.0) {
        *into = *other;
        return;
    }
    Sums a = *into, b = *other;
    double exponent = a.exponent > b.exponent ? a.exponent : b.exponent;
    in_units(&a, exponent);
    in_units(&b, exponent);
    if (a.weight < b.weight) {
        Sums lighter = a;
        a = b;
        b = lighter;
    }
    Double delta = two_sum(b.shift, -a.shift);
    Double weight = {b.weight, b.weight_low}, b_sum = {b.sum, b.sum_low};
    Double moved = multiply(delta, weight);
    Double twice = {2 * b.sum, 2 * b.sum_low};
    Double cross = multiply(delta, add(twice, moved));
    Double a_sum = {a.sum, a.sum_low}, a_square = {a.square, a.square_low};
    Double b_square = {b.square, b.square_low}, a_weight = {a.weight, a.weight_low};
    Double sum = add(a_sum, add(b_sum, moved));
    Double square = add(a_square, add(b_square, cross));
    Double total = add(a_weight, weight);
    into->weight = total.high, into->weight_low = total.low;
    into->exponent = exponent, into->shift = a.shift;
    into->sum = sum.high, into->sum_low = sum.low;
    into->square = square.high, into->square_low = square.low;
    into->low = a.low < b.low ? a.low : b.low;
    into->high = a.high > b.high ? a.high : b.high;
}
