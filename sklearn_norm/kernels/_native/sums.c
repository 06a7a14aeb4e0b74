/* Sums of a column about a shift, in double-double, and their merge. */

#include "double_double.h"
#include "native.h"

void sums_none(Sums *s) {
    Sums none = {0, INFINITY, -INFINITY, 0, NO_EXPONENT, 0, 0, 0, 0, 0};
    *s = none;
}

Sums sums_at(const double *matrix, ptrdiff_t columns, ptrdiff_t column) {
    double fields[SUMS];
    Sums s;
    for (int i = 0; i < SUMS; i++) fields[i] = matrix[i * columns + column];
    memcpy(&s, fields, sizeof s);
    return s;
}

void sums_put(const Sums *s, double *matrix, ptrdiff_t columns, ptrdiff_t column) {
    double fields[SUMS];
    memcpy(fields, s, sizeof fields);
    for (int i = 0; i < SUMS; i++) matrix[i * columns + column] = fields[i];
}

int sums_power(double exponent) { return fabs(exponent) <= 8192 ? (int)exponent : 0; }

/* Convert to coarser units; lost bits lie far below the last bit of the other side. */
static void in_units(Sums *s, double exponent) {
    if (s->exponent == exponent) return;
    int power = sums_power(s->exponent - exponent);
    s->exponent = exponent;
    s->shift = ldexp(s->shift, power);
    s->sum = ldexp(s->sum, power);
    s->sum_low = ldexp(s->sum_low, power);
    s->square = ldexp(s->square, 2 * power);
    s->square_low = ldexp(s->square_low, 2 * power);
}

/* Whether to move a's sums to b's shift, rather than b's to a's. The side of smaller weight is moved;
   for equal weights, the one of smaller shift. So the order of the two does not matter. */
static int moves(const Sums *a, const Sums *b) {
    if (a->weight != b->weight) return a->weight < b->weight;
    return a->shift < b->shift || b->shift != b->shift;
}

/* Merge sums in the same units. */
static void add_moved(Sums *a, const Sums *b) {
    Double delta = two_sum(b->shift, -a->shift);
    Double weight = {b->weight, b->weight_low}, sum = {b->sum, b->sum_low}, square = {b->square, b->square_low};
    Double twice = {2 * b->sum, 2 * b->sum_low};
    Double moved = dd_multiply(delta, weight);
    Double cross = dd_multiply(delta, dd_add(twice, moved));
    Double a_weight = {a->weight, a->weight_low}, a_sum = {a->sum, a->sum_low}, a_square = {a->square, a->square_low};
    a_weight = dd_add(a_weight, weight);
    a_sum = dd_add(a_sum, dd_add(sum, moved));
    a_square = dd_add(a_square, dd_add(square, cross));
    a->weight = a_weight.high, a->weight_low = a_weight.low;
    a->sum = a_sum.high, a->sum_low = a_sum.low;
    a->square = a_square.high, a->square_low = a_square.low;
}

/* Merge sums of columns that have members. */
static Sums merged(Sums a, Sums b) {
    double exponent = a.exponent > b.exponent ? a.exponent : b.exponent;
    in_units(&a, exponent), in_units(&b, exponent);
    if (moves(&a, &b)) {
        add_moved(&b, &a);
        return b;
    }
    add_moved(&a, &b);
    return a;
}

void sums_merge(Sums *into, const Sums *other) {
    double low = into->low < other->low ? into->low : other->low;
    double high = into->high > other->high ? into->high : other->high;
    int none = into->weight == 0.0, adds = other->weight != 0.0;
    if (!none && adds) *into = merged(*into, *other);
    else if (adds) *into = *other;
    else if (none) sums_none(into);
    into->low = low + 0.0, into->high = high + 0.0; /* no -0.0 */
}
