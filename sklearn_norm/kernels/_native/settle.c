/* Moments of many columns, as a matrix with the fields of Sums for its rows: the merge of two of
   them, and what they come to. See kernels/contract.py. */

#include "double_double.h"
#include "native.h"

enum {
    TOGETHER = 512, /* columns of an item */
    ABREAST = 8,    /* columns whose arithmetic is done side by side, by vectors where there are any */
    LEAST_STEP = -72,
};

/* A column and what its mean and its spread are made of, in units of 2**exponent. */
typedef struct {
    Sums s;
    Double weight, sum, mean, squares, spread, variance;
} Column;

/* Rows of a matrix of moments, and what some columns abreast come to. */
enum { WEIGHT, LOW, HIGH, WEIGHT_LOW, EXPONENT, SHIFT, SUM, SUM_LOW, SQUARE, SQUARE_LOW };
enum { DIVISOR, MEAN, SQUARES, SPREAD, VARIANCE, RESULTS };
typedef double Row[ABREAST];
typedef Row Rows[2]; /* of doubles, high and low */

static void put(Rows rows, int k, Double a) { rows[0][k] = a.high, rows[1][k] = a.low; }

static Double taken(Rows rows, int k) {
    Double a = {rows[0][k], rows[1][k]};
    return a;
}

static Double weight_at(Row *m, int k) {
    Double a = {m[WEIGHT][k], m[WEIGHT_LOW][k]};
    return a;
}

static Double where(int yes, Double a, Double b) { return yes ? a : b; }

/* Choices have loops of their own, since compilers make vectors of loops without branches. */
static void measure_abreast(Row *m, Rows *found) {
    for (int k = 0; k < ABREAST; k++)
        put(found[DIVISOR], k, where(m[WEIGHT][k] == 0, dd_exact(1.0), weight_at(m, k)));
    for (int k = 0; k < ABREAST; k++) {
        Double sum = taken(&m[SUM], k), distance = dd_divide(sum, taken(found[DIVISOR], k));
        put(found[MEAN], k, dd_add(dd_exact(m[SHIFT][k]), distance));
        put(found[SQUARES], k, dd_add(taken(&m[SQUARE], k), dd_negative(dd_multiply(sum, distance))));
    }
    for (int k = 0; k < ABREAST; k++) {
        int none = m[LOW][k] == m[HIGH][k] || found[SQUARES][0][k] <= 0;
        put(found[SPREAD], k, where(none, dd_exact(0.0), taken(found[SQUARES], k)));
    }
    for (int k = 0; k < ABREAST; k++)
        put(found[VARIANCE], k, dd_divide(taken(found[SPREAD], k), taken(found[DIVISOR], k)));
}

/* Fill up to ABREAST columns from the first on; how many. */
static int columns_at(const double *matrix, ptrdiff_t columns, ptrdiff_t first, Column *to) {
    Row m[SUMS] = {{0}};
    Rows found[RESULTS];
    int n = columns - first < ABREAST ? (int)(columns - first) : ABREAST;
    for (int i = 0; i < SUMS; i++) memcpy(m[i], matrix + i * columns + first, (size_t)n * sizeof(double));
    measure_abreast(m, found);
    for (int k = 0; k < n; k++) {
        Column c = {.s = sums_at(m[0], ABREAST, k)};
        c.weight.high = c.s.weight, c.weight.low = c.s.weight_low;
        c.sum.high = c.s.sum, c.sum.low = c.s.sum_low;
        c.mean = taken(found[MEAN], k), c.squares = taken(found[SQUARES], k);
        c.spread = taken(found[SPREAD], k), c.variance = taken(found[VARIANCE], k);
        to[k] = c;
    }
    return n;
}

/* The variance of a weight less ddof, where there is more. */
static Double corrected(const Column *c, double ddof) {
    if (ddof == 0 || c->weight.high == 0) return c->variance;
    Double weight = dd_add(c->weight, dd_exact(c->s.weight > ddof ? -ddof : 0.0));
    return dd_divide(c->spread, weight);
}

/* The half, rounded down. */
static int half_of(int n) { return (n - (n & 1)) / 2; }

/* Round the mean to what lies far below an ulp of the deviation: where members all but cancel, the
   order of their sum would show in what is left. Not a mean as it was given. */
static Double settled(const Column *c) {
    double spread = dd_nearest(c->variance);
    if (c->s.low == -INFINITY && (c->s.sum == 0 || spread != spread)) return c->mean;
    int power = fabs(spread) < INFINITY ? exponent_of(spread) : 0;
    return dd_on_grid(c->mean, power_of_two(half_of(power) + LEAST_STEP));
}

static double mean_of(const Column *c) {
    if (c->s.weight == 0) return NAN;
    if (c->s.low == c->s.high) return c->s.low;
    return dd_times_power(settled(c), sums_power(c->s.exponent));
}

/* sqrt(variance + eps), right also where the variance over- or underflows. */
static double deviation_of(const Column *c, Double variance, double eps) {
    int power = sums_power(c->s.exponent);
    double units = eps != 0 ? ldexp(eps, -2 * power) : 0.0;
    if (c->s.weight == 0) return NAN;
    if (isinf(units) || variance.high == 0) return sqrt(eps); /* which dwarfs the variance */
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

static void settle_column(const ColumnsJob *job, const Column *c, ptrdiff_t j) {
    Double variance = corrected(c, job->ddof);
    int power = 2 * sums_power(c->s.exponent);
    job->out[j] = mean_of(c);
    job->out[job->columns + j] = c->s.weight == 0 ? NAN : dd_times_power(variance, power);
    job->out[2 * job->columns + j] = deviation_of(c, variance, job->eps);
}

static int settle_item(void *context, ptrdiff_t item, int thread) {
    const ColumnsJob *job = context;
    Column c[ABREAST];
    (void)thread;
    for (ptrdiff_t j = item * TOGETHER; j < last_of(job, item); j += ABREAST) {
        int n = columns_at(job->a, job->columns, j, c);
        for (int k = 0; k < n; k++) settle_column(job, &c[k], j + k);
    }
    return 0;
}

static int change_item(void *context, ptrdiff_t item, int thread) {
    const ColumnsJob *job = context;
    Column c[ABREAST];
    (void)thread;
    for (ptrdiff_t j = item * TOGETHER; j < last_of(job, item); j += ABREAST) {
        int n = columns_at(job->a, job->columns, j, c);
        for (int k = 0; k < n; k++) {
            Sums s = changed(&c[k], job->change, job->b ? job->b[j + k] : 1.0);
            sums_put(&s, job->out, job->columns, j + k);
        }
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
