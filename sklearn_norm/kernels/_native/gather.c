/* Members of a sparse array that lie row after row, sorted by their columns: a counting sort. */

#include "native.h"

#include <string.h>

/* Read once as it is used: another thread may write. */
static int64_t column_of(const View *columns, ptrdiff_t i) {
    const char *from = columns->data + i * columns->stride[0];
    int64_t wide;
    int32_t narrow;
    if (columns->kind == I32) return memcpy(&narrow, from, sizeof narrow), narrow;
    return memcpy(&wide, from, sizeof wide), wide;
}

/* Count the members of each column into starts[column + 2], which lies beyond the next one's. */
static int count_members(const View *columns, int64_t *starts, ptrdiff_t n_columns) {
    memset(starts, 0, (size_t)(n_columns + 1) * sizeof *starts);
    for (ptrdiff_t i = 0; i < columns->shape[0]; i++) {
        int64_t column = column_of(columns, i);
        if (column < 0 || column >= n_columns) return FOUND;
        if (column + 2 <= n_columns) starts[column + 2]++;
    }
    return 0;
}

/* Put each member behind those of its column; starts[column + 1] tells where, and ends as the next one's start.
   Columns that were changed since they were counted are found: a member must lie within all. */
#define SCATTER(TYPE)                                                                   \
    for (ptrdiff_t i = 0; i < n; i++) {                                                 \
        int64_t column = column_of(columns, i);                                         \
        if (column < 0 || column >= n_columns || starts[column + 1] >= n) return FOUND; \
        int64_t place = starts[column + 1]++;                                           \
        memcpy(out + place * (ptrdiff_t)sizeof(TYPE), from + i * stride, sizeof(TYPE)); \
        if (weights) weights[place] = weight[i];                                        \
    }

int gather_columns(const View *values, const View *columns, const double *weight, char *out, double *weights,
                   int64_t *starts, ptrdiff_t n_columns) {
    ptrdiff_t n = values->shape[0], stride = values->stride[0];
    const char *from = values->data;
    if (count_members(columns, starts, n_columns)) return FOUND;
    for (ptrdiff_t j = 1; j < n_columns; j++) starts[j + 1] += starts[j];
    if (values->itemsize == 8) SCATTER(uint64_t)
    else if (values->itemsize == 4) SCATTER(uint32_t)
    else if (values->itemsize == 2) SCATTER(uint16_t)
    else SCATTER(uint8_t)
    return 0;
}
