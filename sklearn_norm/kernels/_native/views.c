/* Views of Python buffers, checked before any kernel uses them. */

#include "views.h"

#include <string.h>

void release(Held *h) {
    if (h->held) PyBuffer_Release(&h->buffer);
    h->held = 0;
}

/* Set the kind for a format of the struct module; 0 if the kernels do not support it. */
static int kind_of(const char *format, Py_ssize_t itemsize, Kind *kind) {
    const uint16_t one = 1;
    int little = *(const uint8_t *)&one;
    if (format == NULL) format = "B";
    if (*format == '@' || *format == '=' || *format == '^' || *format == (little ? '<' : '>')) format++;
    else if (*format == '<' || *format == '>' || *format == '!') {
        if (itemsize != 1) return 0;
        format++;
    }
    if (format[0] == '\0' || format[1] != '\0') return 0;
    switch (*format) {
    case 'd': *kind = F64; return itemsize == 8;
    case 'f': *kind = F32; return itemsize == 4;
    case 'e': *kind = F16; return itemsize == 2;
    case '?': *kind = BOOL8; return itemsize == 1;
    case 'b': case 'h': case 'i': case 'l': case 'q': case 'n':
        *kind = itemsize == 1 ? I8 : itemsize == 2 ? I16 : itemsize == 4 ? I32 : I64;
        return itemsize <= 8;
    case 'B': case 'H': case 'I': case 'L': case 'Q': case 'N':
        *kind = itemsize == 1 ? U8 : itemsize == 2 ? U16 : itemsize == 4 ? U32 : U64;
        return itemsize <= 8;
    default: return 0;
    }
}

/* The stride of an axis; a contiguous buffer, such as one of ctypes, may leave it out. */
static Py_ssize_t stride_of(const Py_buffer *b, int axis) {
    if (b->strides) return b->strides[axis];
    Py_ssize_t stride = b->itemsize;
    for (int i = b->ndim - 1; i > axis; i--) stride *= b->shape[i];
    return stride;
}

int hold(PyObject *object, const char *name, int ndim, int writable, Held *h) {
    int flags = PyBUF_STRIDES | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
    h->held = 0;
    if (PyObject_GetBuffer(object, &h->buffer, flags) < 0) return 0;
    h->held = 1;
    View *v = &h->view;
    const Py_buffer *b = &h->buffer;
    if (b->ndim != ndim) {
        PyErr_Format(PyExc_ValueError, "%s must have %d axes, not %d", name, ndim, b->ndim);
        release(h);
        return 0;
    }
    if (!kind_of(b->format, b->itemsize, &v->kind)) {
        PyErr_Format(PyExc_TypeError, "%s must hold native real numbers, not items of format '%s'", name,
                     b->format ? b->format : "B");
        release(h);
        return 0;
    }
    v->data = b->buf;
    v->ndim = ndim;
    v->itemsize = (size_t)b->itemsize;
    uintptr_t bits = (uintptr_t)b->buf;
    for (int i = 0; i < 4; i++) {
        v->shape[i] = i < ndim ? b->shape[i] : 1;
        v->stride[i] = i < ndim && b->shape[i] > 1 ? stride_of(b, i) : 0;
        bits |= (uintptr_t)v->stride[i];
    }
    /* the stride of an axis of length 1 is arbitrary: take that of contiguous items */
    for (int i = ndim - 1; i >= 0; i--)
        if (v->shape[i] <= 1)
            v->stride[i] = i == ndim - 1 ? b->itemsize : v->stride[i + 1] * (v->shape[i + 1] > 0 ? v->shape[i + 1] : 1);
    v->aligned = bits % v->itemsize == 0;
    return 1;
}

int hold_floats(PyObject *object, const char *name, Py_ssize_t rows, Py_ssize_t columns,
                       int writable, int optional, Held *h) {
    h->held = 0;
    h->view.data = NULL;
    if (optional && object == Py_None) return 1;
    int ndim = columns < 0 ? 1 : 2;
    if (!hold(object, name, ndim, writable, h)) return 0;
    const View *v = &h->view;
    int packed = v->stride[ndim - 1] == 8 && (ndim == 1 || v->stride[0] == 8 * v->shape[1] || v->shape[0] <= 1);
    if (v->kind != F64 || !v->aligned || !packed || v->shape[0] != rows || (ndim == 2 && v->shape[1] != columns)) {
        PyErr_Format(PyExc_ValueError, "%s must be packed float64 numbers of shape (%zd%s%zd)", name, rows,
                     ndim == 2 ? ", " : ",", ndim == 2 ? columns : (Py_ssize_t)0);
        release(h);
        return 0;
    }
    return 1;
}

int hold_starts(PyObject *object, ptrdiff_t n_members, Held *h) {
    if (!hold(object, "starts", 1, 0, h)) return 0;
    const View *v = &h->view;
    const int64_t *starts = (const int64_t *)(const void *)v->data;
    int good = v->kind == I64 && v->aligned && v->stride[0] == 8 && v->shape[0] > 0;
    if (good) good = starts[0] == 0 && starts[v->shape[0] - 1] == (int64_t)n_members;
    for (ptrdiff_t i = 1; good && i < v->shape[0]; i++) good = starts[i - 1] <= starts[i];
    if (good) return 1;
    PyErr_SetString(PyExc_ValueError, "starts must be packed int64 numbers, ascending from 0 to the number of values");
    release(h);
    return 0;
}

int hold_affine(PyObject *object, const char *name, int writable, const View *x, Held *h) {
    h->held = 0;
    if (object == Py_None) return 1;
    if (!hold(object, name, 3, writable, h)) return 0;
    const View *v = &h->view;
    int right = v->kind == F64 && v->aligned, empty = !v->shape[0] || !v->shape[1] || !v->shape[2];
    ptrdiff_t packed = 8;
    for (int i = 2; i >= 0; i--) {
        right &= v->shape[i] == 1 || (v->shape[i] == x->shape[i + 1] && (v->stride[i] == packed || empty));
        packed *= v->shape[i];
    }
    if (!right) {
        PyErr_Format(PyExc_ValueError, "%s must be packed float64 numbers that broadcast to (%zd, %zd, %zd)", name,
                     x->shape[1], x->shape[2], x->shape[3]);
        release(h);
    }
    return right;
}

/* The lowest address of a view's items, and the end of the highest item; equal if it has no items. */
static void reach_of(const View *v, uintptr_t *from, uintptr_t *to) {
    *from = *to = (uintptr_t)v->data;
    for (int i = 0; i < v->ndim; i++)
        if (v->shape[i] == 0) return;
    for (int i = 0; i < v->ndim; i++) {
        ptrdiff_t reach = (v->shape[i] - 1) * v->stride[i];
        if (reach < 0) *from -= (uintptr_t)-reach;
        else *to += (uintptr_t)reach;
    }
    *to += v->itemsize;
}

int apart(const Held *out, const Held *input) {
    uintptr_t from, to, first, last;
    if (!input->held) return 1;
    reach_of(&out->view, &from, &to);
    reach_of(&input->view, &first, &last);
    if (from == to || first == last || from >= last || first >= to) return 1;
    PyErr_SetString(PyExc_ValueError, "out must not lie in the memory of an input");
    return 0;
}

int may_write(const View *x, const View *out) {
    for (int i = 0; i < out->ndim; i++)
        if (x->shape[i] == 0) return 1;
    for (int i = 0; i < out->ndim; i++)
        if (out->shape[i] > 1 && out->stride[i] == 0) return 0;
    int same = x->data == out->data && x->kind == out->kind;
    for (int i = 0; i < out->ndim; i++) same = same && x->stride[i] == out->stride[i];
    uintptr_t x_first, x_last, out_first, out_last;
    reach_of(x, &x_first, &x_last), reach_of(out, &out_first, &out_last);
    return same || x_last <= out_first || out_last <= x_first;
}
