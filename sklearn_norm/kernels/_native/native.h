/* The shared declarations of the extension. Nothing here uses Python objects. */

#ifndef SKLEARN_NORM_NATIVE_H
#define SKLEARN_NORM_NATIVE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A product and a sum must be rounded separately; other compilers get an option for that. */
#if defined(_MSC_VER) && !defined(__clang__)
#pragma fp_contract(off)
#endif

/* Whether there are variants for newer x86-64. GCC for Windows does not align the stack for vectors. */
#if defined(__x86_64__) && (defined(__clang__) || (defined(__GNUC__) && !defined(_WIN32)))
#define HAS_VARIANTS 1
#else
#define HAS_VARIANTS 0
#endif

typedef enum { F64, F32, F16, I8, U8, I16, U16, I32, U32, I64, U64, BOOL8 } Kind;

/* A strided array: strides in bytes, of any sign; axes beyond `ndim` have length 1. */
typedef struct {
    char *data;
    int ndim;
    ptrdiff_t shape[4], stride[4];
    Kind kind;
    size_t itemsize;
    int aligned; /* the address and every stride are multiples of the item's size */
} View;

/* Call work(context, i, thread) for every i below n_items, on at most n_threads threads. Returns 0,
   or a nonzero code that a call of `work` returned; after that no new calls are started. Each i
   writes to its own places, so no result depends on the number of threads. */
typedef int (*Work)(void *context, ptrdiff_t item, int thread);
int run_parallel(Work work, void *context, ptrdiff_t n_items, int n_threads);

enum { OUT_OF_MEMORY = 1, FOUND = 2, NO_COLUMN = 3 };

/* Sums of a column about a shift, in units of 2**exponent; see statistics/moments.py. The fields are
   the rows of a matrix of moments, in their order: see kernels/contract.py. */
typedef struct {
    double weight, low, high, weight_low, exponent, shift, sum, sum_low, square, square_low;
} Sums;

enum {
    SUMS = 10,           /* fields */
    NO_EXPONENT = -1100, /* of zeros, or without members; below that of every float */
};

/* What a matrix of moments may be changed to. */
typedef enum { WEIGHTED, RECENTRED, CENTRED, COLLAPSED, N_CHANGES } Change;

/* a * b - p, the error of p = fl(a * b), exact unless it underflows (Dekker 1971). */
static inline double product_error(double a, double b, double p) {
    double ca = 134217729.0 * a, cb = 134217729.0 * b;
    double ah = ca - (ca - a), bh = cb - (cb - b);
    double al = a - ah, bl = b - bh;
    return ((ah * bh - p) + ah * bl + al * bh) + al * bl;
}

/* 2**n, without a call where it is a normal number. */
static inline double power_of_two(int n) {
    uint64_t bits = (uint64_t)(n + 1023) << 52;
    double a;
    if (n < -1022 || n > 1023) return ldexp(1.0, n);
    memcpy(&a, &bits, sizeof a);
    return a;
}

/* The exponent of frexp, without a call where x is a normal number. */
static inline int exponent_of(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int e = (int)(bits >> 52 & 0x7ff);
    if (e != 0 && e != 0x7ff) return e - 1022;
    frexp(x, &e);
    return isfinite(x) ? e : 0;
}

/* Row vectors of a map, one entry per column; see kernels/contract.py. A view without data skips the step. */
typedef struct {
    View center, scale, gain, offset, top, exponent, low, high;
} MapVectors;

/* The input of select: a sorted sample of each column, and probabilities whose quantiles are wanted.
   For the summary, one member stands for each run of 2**h, with the least h > 0 for which there are
   at most `most` full runs; its rank may be off by the share `tolerance` of the members, half a run
   included. Columns of fewer than `whole` members are not found. A row of the result has `width`
   entries, and a row of members `n_members`. */
typedef struct {
    const double *sample, *probabilities;
    ptrdiff_t n_sample, n_probabilities, whole, most, width, n_members;
    double tolerance;
} SelectPlan;

enum { SELECT_FIELDS = 5, SELECT_REST = 64 };

/* Sort members by column; members of one column keep their order. `starts` gets the start of each of the
   n_columns columns, and the end. Returns NO_COLUMN if a column is out of range. */
int gather_columns(const View *values, const View *columns, const double *weight, char *out, double *weights,
                   int64_t *starts, ptrdiff_t n_columns, int n_threads);

/* One variant of all kernels. */
typedef struct {
    const char *name;
    int (*moments)(const View *x, const double *weight, double *out, int n_threads);
    int (*extremes)(const View *x, double *low, double *high, double *absent, int n_threads);
    int (*segment_moments)(const View *values, const int64_t *starts, ptrdiff_t columns, const double *weight,
                           double *out, int n_threads);
    int (*group_moments)(const View *x, const int64_t *starts, ptrdiff_t groups, const double *weight, double *out,
                         int n_threads);
    int (*segment_extremes)(const View *values, const int64_t *starts, ptrdiff_t columns, double *low,
                            double *high, double *absent, int n_threads);
    int (*scatters)(const View *values, ptrdiff_t n_rows, ptrdiff_t n_columns);
    int (*scattered_moments)(const View *values, const View *columns, const int64_t *starts, ptrdiff_t n_rows,
                             ptrdiff_t n_columns, double *out, int n_threads);
    int (*normalise)(const View *x, int centred, double eps, const View *gain, const View *offset,
                     const View *out, double *center, double *scale, int n_threads);
    int (*gradients)(const View *x, const View *grad, int centred, double eps, const View *gain, const View *out,
                     const View *by_gain, const View *by_offset, int n_threads);
    int (*map)(const View *x, const MapVectors *vectors, int inverse, int look, const View *out, int n_threads);
    int (*map_stored)(const View *values, const View *columns, const MapVectors *vectors, ptrdiff_t n_columns,
                      int inverse, int look, const View *out, int n_threads);
    int (*has_infinity)(const View *x, int n_threads);
    int (*select_ranks)(const View *x, const SelectPlan *plan, uint16_t *keys, double *out, double *members,
                        int n_threads);
    int (*merge_columns)(const double *a, const double *b, ptrdiff_t columns, double *out, int n_threads);
    int (*settle_columns)(const double *m, ptrdiff_t columns, double ddof, double eps, double *out, int n_threads);
    int (*change_columns)(const double *m, ptrdiff_t columns, Change change, const double *factor, double *out,
                          int n_threads);
    int (*sort_columns)(const View *x, double *out, int n_threads);
    int (*place)(const View *x, const double *knots, const double *counts, ptrdiff_t width, const View *out,
                 int n_threads);
} Variant;

extern const Variant variant_base, variant_v3, variant_v4;

#endif
