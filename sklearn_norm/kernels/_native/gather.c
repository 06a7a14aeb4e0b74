/* Sort the members of a CSR array by column: a counting sort, in parts that run on threads. Members of a
   column keep their order, for any number of parts. */

#include "native.h"

#include <stdlib.h>
#include <string.h>

enum { GATHERED = 1 << 17, /* least members of a part */ PARTS = 16 };

typedef struct {
    const View *values, *columns;
    const double *weight;
    char *out;
    double *weights;
    int64_t *places; /* per part and column: the number of members, then the place of the next one */
    ptrdiff_t n_columns, n_parts;
} GatherJob;

/* Read the column once only, since another thread may change it. */
static inline int64_t column_of(const char *from, int narrow) {
    int64_t wide;
    int32_t number;
    if (narrow) return memcpy(&number, from, sizeof number), number;
    return memcpy(&wide, from, sizeof wide), wide;
}

static ptrdiff_t first_of(const GatherJob *job, ptrdiff_t part) {
    return job->values->shape[0] / job->n_parts * part;
}

static ptrdiff_t last_of(const GatherJob *job, ptrdiff_t part) {
    return part + 1 == job->n_parts ? job->values->shape[0] : first_of(job, part + 1);
}

static inline int count(const GatherJob *job, ptrdiff_t part, int narrow) {
    int64_t *counts = job->places + part * job->n_columns;
    ptrdiff_t stride = job->columns->stride[0], last = last_of(job, part);
    for (ptrdiff_t i = first_of(job, part); i < last; i++) {
        int64_t column = column_of(job->columns->data + i * stride, narrow);
        if (column < 0 || column >= job->n_columns) return NO_COLUMN;
        counts[column]++;
    }
    return 0;
}

static int count_part(void *context, ptrdiff_t part, int thread) {
    (void)thread;
    const GatherJob *job = context;
    return job->columns->kind == I32 ? count(job, part, 1) : count(job, part, 0);
}

/* Append each member to those of its column. If another thread changed the columns after they were counted, a
   member may get a wrong place, but never one outside the array. */
static inline int scatter(const GatherJob *job, ptrdiff_t part, int narrow, size_t size) {
    int64_t *places = job->places + part * job->n_columns;
    ptrdiff_t stride = job->columns->stride[0], step = job->values->stride[0], last = last_of(job, part);
    int64_t n = job->values->shape[0];
    for (ptrdiff_t i = first_of(job, part); i < last; i++) {
        int64_t column = column_of(job->columns->data + i * stride, narrow);
        if (column < 0 || column >= job->n_columns || places[column] >= n) return NO_COLUMN;
        int64_t place = places[column]++;
        memcpy(job->out + place * (int64_t)size, job->values->data + i * step, size);
        if (job->weights) job->weights[place] = job->weight[i];
    }
    return 0;
}

static int scatter_part(void *context, ptrdiff_t part, int thread) {
    (void)thread;
    const GatherJob *job = context;
    int narrow = job->columns->kind == I32;
    switch (job->values->itemsize) {
    case 8: return narrow ? scatter(job, part, 1, 8) : scatter(job, part, 0, 8);
    case 4: return narrow ? scatter(job, part, 1, 4) : scatter(job, part, 0, 4);
    case 2: return narrow ? scatter(job, part, 1, 2) : scatter(job, part, 0, 2);
    default: return narrow ? scatter(job, part, 1, 1) : scatter(job, part, 0, 1);
    }
}

int gather_columns(const View *values, const View *columns, const double *weight, char *out, double *weights,
                   int64_t *starts, ptrdiff_t n_columns, int n_threads) {
    ptrdiff_t n = values->shape[0], n_parts = n / GATHERED + 1;
    if (n_parts > n_threads) n_parts = n_threads;
    if (n_parts > PARTS) n_parts = PARTS;
    if (n_parts > 1 && n_columns > n / n_parts) n_parts = 1; /* the counts would take more memory than the members */
    GatherJob job = {values, columns, weight, out, weights, NULL, n_columns, n_parts};
    job.places = calloc((size_t)(n_columns * n_parts + 1), sizeof *job.places);
    if (!job.places) return OUT_OF_MEMORY;
    int code = run_parallel(count_part, &job, n_parts, n_threads);
    int64_t place = 0;
    for (ptrdiff_t j = 0; !code && j < n_columns; j++) {
        starts[j] = place;
        for (ptrdiff_t part = 0; part < n_parts; part++) {
            int64_t *at = job.places + part * n_columns + j, size = *at;
            *at = place;
            place += size;
        }
    }
    starts[n_columns] = place;
    if (!code) code = run_parallel(scatter_part, &job, n_parts, n_threads);
    free(job.places);
    return code;
}
