/* Views of Python buffers. The functions `hold...` return 0 and set Python's error if they fail. */

#ifndef SKLEARN_NORM_VIEWS_H
#define SKLEARN_NORM_VIEWS_H

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "native.h"

/* A buffer that is kept alive, and the view of it. Initialise it with {0}: releasing that does nothing. */
typedef struct {
    Py_buffer buffer;
    View view;
    int held;
} Held;

void release(Held *h);

/* View an object's buffer of `ndim` axes of native real numbers. */
int hold(PyObject *object, const char *name, int ndim, int writable, Held *h);

/* View contiguous float64 numbers, of one axis if columns < 0. None is allowed if `optional`. */
int hold_floats(PyObject *object, const char *name, Py_ssize_t rows, Py_ssize_t columns, int writable,
                int optional, Held *h);

/* View the starts of columns among n_members: contiguous int64, ascending, within bounds. */
int hold_starts(PyObject *object, ptrdiff_t n_members, Held *h);

/* View packed float64 numbers that broadcast to a sample of x; None is allowed. */
int hold_affine(PyObject *object, const char *name, int writable, const View *x, Held *h);

/* Whether `out` shares no memory with an input, which it would overwrite; else sets the error. */
int apart(const Held *out, const Held *input);

/* Whether `out` can be written while x is read: both are the same array, or share no memory. */
int may_write(const View *x, const View *out);

#endif
