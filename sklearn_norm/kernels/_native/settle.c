/* Matrices of moments, whose rows are the fields of Sums: merges, mean, variance and deviation, and
   changes of the moments. See kernels/contract.py. */

#include "double_double.h"
#include "native.h"

enum { TOGETHER = 512 /* columns of an item */, LEAST_STEP = -72 };

/* A column, and intermediate results for its mean and spread, in units of 2**exponent. */
typedef struct {
    Sums s;
    Double weight, sum, distance, mean, squares, spread, variance;
} Column;

static Double divisor_of(const Column *c) { return c->weight.high == 0 ? dd_exact(1.0) : c->weight; }

static Column column_at(const double *matrix, ptrdiff_t columns, ptrdiff_t j) {
    Column c;
    c.s = sums_at(matrix, columns, j);
    Double weight = {c.s.weight, c.s.weight_low}, sum = {c.s.sum, c.s.sum_low}, square = {c.s.square, c.s.square_low};
    c.weight = weight, c.sum = sum;
    c.distance = dd_divide(sum, divisor_of(&c)); /* of the mean from the shift */
    c.mean = dd_add(dd_exact(c.s.shift), c.distance);
    c.squares = dd_add(square, dd_negative(dd_multiply(sum, c.distance)));
    c.spread = c.s.low == c.s.high || c.squares.high <= 0 ? dd_exact(0.0) : c.squares;
    c.variance = dd_divide(c.spread, divisor_of(&c));
    return c;
}

/* The spread divided by the weight minus ddof, if that is positive. */
static Double corrected(const Column *c, double ddof) {
    if (ddof == 0 || c->weight.high == 0) return c->variance;
    Double weight = dd_add(c->weight, dd_exact(c->s.weight > ddof ? -ddof : 0.0));
    return dd_divide(c->spread, weight);
}

/* n / 2, rounded down. */
static int half_of(int n) { return (n - (n & 1)) / 2; }

/* Round the mean to a step far below an ulp of the deviation: where members almost cancel, the order
   of summation would otherwise show in the mean. A given mean is not rounded. */
static Double settled(const Column *c) {
    double spread = dd_nearest(c->variance);
    int power = 0;
    if (c->s.low == -INFINITY && (c->s.sum == 0 || spread != spread)) return c->mean;
    if (fabs(spread) < INFINITY) frexp(spread, &power);
    return dd_on_grid(c->mean, ldexp(1.0, half_of(power) + LEAST_STEP));
}

static double mean_of(const Column *c) {
    if (c->s.weight == 0) return NAN;
    if (c->s.low == c->s.high) return c->s.low;
    return dd_times_power(settled(c), sums_power(c->s.exponent));
}

/* sqrt(variance + eps), correct even where the variance over- or underflows. */
static double deviation_of(const Column *c, Double variance, double eps) {
    int power = sums_power(c->s.exponent);
    double units = eps != 0 ? ldexp(eps, -2 * power) : 0.0;
    if (c->s.weight == 0) return NAN;
    if (isinf(units) || variance.high == 0) return sqrt(eps); /* the variance is negligible */
    return dd_times_power(dd_root(dd_add(variance, dd_exact(units))), power);
}

/* Changes of a column */

static void set_sums(Sums *s, double shift, Double sum, Double square) {
    s->shift = shift;
    s->sum = sum.high, s->sum_low = sum.low;
    s->square = square.high, s->square_low = square.low;
}

static Sums weighted(const Column *c, double factor) {
    Sums s = c->s;
    Double square = {s.square, s.square_low}, weight = dd_multiply(c->weight, dd_exact(factor));
    s.weight = weight.high, s.weight_low = weight.low;
    set_sums(&s, s.shift, dd_multiply(c->sum, dd_exact(factor)), dd_multiply(square, dd_exact(factor)));
    return s;
}

static Sums recentred(const Column *c) {
    Sums s = c->s;
    Double low = dd_exact(c->mean.low), sum = dd_multiply(low, c->weight);
    if (s.weight > 0) set_sums(&s, c->mean.high, sum, dd_add(c->squares, dd_multiply(sum, low)));
    return s;
}

static Sums centred(const Column *c) {
    Sums s = c->s;
    set_sums(&s, 0.0, dd_exact(0.0), c->spread);
    return s;
}

static Sums collapsed(const Column *c) {
    Sums s;
    sums_none(&s);
    s.exponent = c->s.exponent;
    set_sums(&s, c->mean.high, dd_exact(c->mean.low), dd_exact(c->mean.low * c->mean.low));
    if (c->s.weight != 0) s.weight = 1.0, s.low = s.high = mean_of(c) + 0.0; /* no -0.0 */
    return s;
}

static Sums changed(const Column *c, Change change, double factor) {
    switch (change) {
    case WEIGHTED: return weighted(c, factor);
    case RECENTRED: return recentred(c);
    case CENTRED: return centred(c);
    default: return collapsed(c);
    }
}

/* All columns, on threads */

typedef struct {
    const double *a, *b; /* matrices; b is the factor of each column, or NULL, for a change */
    double *out;
    ptrdiff_t columns;
    double ddof, eps;
    Change change;
} ColumnsJob;

static ptrdiff_t last_of(const ColumnsJob *job, ptrdiff_t item) {
    ptrdiff_t last = (item + 1) * TOGETHER;
    return last < job->columns ? last : job->columns;
}

static int merge_item(void *context, ptrdiff_t item, int thread) {
    const ColumnsJob *job = context;
    (void)thread;
    for (ptrdiff_t j = item * TOGETHER; j < last_of(job, item); j++) {
        Sums a = sums_at(job->a, job->columns, j), b = sums_at(job->b, job->columns, j);
        sums_merge(&a, &b);
        sums_put(&a, job->out, job->columns, j);
    }
    return 0;
}

static int settle_item(void *context, ptrdiff_t item, int thread) {
    const ColumnsJob *job = context;
    double *out = job->out;
    (void)thread;
    for (ptrdiff_t j = item * TOGETHER; j < last_of(job, item); j++) {
        Column c = column_at(job->a, job->columns, j);
        Double variance = corrected(&c, job->ddof);
        out[j] = mean_of(&c);
        out[job->columns + j] = c.s.weight == 0 ? NAN : dd_times_power(variance, 2 * sums_power(c.s.exponent));
        out[2 * job->columns + j] = deviation_of(&c, variance, job->eps);
    }
    return 0;
}

static int change_item(void *context, ptrdiff_t item, int thread) {
    const ColumnsJob *job = context;
    (void)thread;
    for (ptrdiff_t j = item * TOGETHER; j < last_of(job, item); j++) {
        Column c = column_at(job->a, job->columns, j);
        Sums s = changed(&c, job->change, job->b ? job->b[j] : 1.0);
        sums_put(&s, job->out, job->columns, j);
    }
    return 0;
}

static int run_columns(Work work, ColumnsJob job, int n_threads) {
    return run_parallel(work, &job, (job.columns + TOGETHER - 1) / TOGETHER, n_threads);
}

int merge_columns(const double *a, const double *b, ptrdiff_t columns, double *out, int n_threads) {
    ColumnsJob job = {.a = a, .b = b, .out = out, .columns = columns};
    return run_columns(merge_item, job, n_threads);
}

int settle_columns(const double *m, ptrdiff_t columns, double ddof, double eps, double *out, int n_threads) {
    ColumnsJob job = {.a = m, .out = out, .columns = columns, .ddof = ddof, .eps = eps};
    return run_columns(settle_item, job, n_threads);
}

int change_columns(const double *m, ptrdiff_t columns, Change change, const double *factor, double *out,
                   int n_threads) {
    ColumnsJob job = {.a = m, .b = factor, .out = out, .columns = columns, .change = change};
    return run_columns(change_item, job, n_threads);
}
