/* Views of Python's buffers. A function that holds sets Python's error and returns 0 where it cannot. */

#ifndef SKLEARN_NORM_VIEWS_H
#define SKLEARN_NORM_VIEWS_H

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "native.h"

/* A buffer that is kept alive, and the view of it. Begin with {0}: releasing that is nothing. */
typedef struct {
    Py_buffer buffer;
    View view;
    int held;
} Held;

void release(Held *h);

/* View an object's buffer of `ndim` axes of native real numbers. */
int hold(PyObject *object, const char *name, int ndim, int writable, Held *h);

/* View packed float64 numbers, of one axis where columns < 0. None is allowed where `optional`. */
int hold_floats(PyObject *object, const char *name, Py_ssize_t rows, Py_ssize_t columns, int writable,
                int optional, Held *h);

/* View the starts of columns in n_members: packed int64, ascending, none out of bounds. */
int hold_starts(PyObject *object, ptrdiff_t n_members, Held *h);

/* View packed float64 numbers that broadcast to a sample of x; None is allowed. */
int hold_affine(PyObject *object, const char *name, const View *x, Held *h);

/* Whether `out` lies apart from an input, which nothing could read otherwise; else the error is set. */
int apart(const Held *out, const Held *input);

/* Whether an array can be written while the other is read: it is the same one, or lies apart. */
int may_write(const View *x, const View *out);

#endif
