/* The extension's face to Python: buffers in, checked; kernels without the interpreter's lock. */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "native.h"

#include <math.h>
#include <string.h>

static const Variant *chosen = NULL;

/* Views of Python's buffers */

typedef struct {
    Py_buffer buffer;
    View view;
    int held;
} Held;

/* Set the kind of a format of the struct module; 0 if it is none that the kernels know. */
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

static void release(Held *h) {
    if (h->held) PyBuffer_Release(&h->buffer);
    h->held = 0;
}

/* The stride of an axis; a packed buffer (that of ctypes, say) need not tell it. */
static Py_ssize_t stride_of(const Py_buffer *b, int axis) {
    if (b->strides) return b->strides[axis];
    Py_ssize_t stride = b->itemsize;
    for (int i = b->ndim - 1; i > axis; i--) stride *= b->shape[i];
    return stride;
}

/* View an object's buffer of `ndim` axes; its error is set where that cannot be. */
static int hold(PyObject *object, const char *name, int ndim, int writable, Held *h) {
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
    /* an axis of length 1 has no stride of its own: take that of packed items */
    for (int i = ndim - 1; i >= 0; i--)
        if (v->shape[i] <= 1)
            v->stride[i] = i == ndim - 1 ? b->itemsize : v->stride[i + 1] * (v->shape[i + 1] > 0 ? v->shape[i + 1] : 1);
    v->aligned = bits % v->itemsize == 0;
    return 1;
}

/* View packed float64 numbers of the shape given; None is allowed where `optional`. */
static int hold_floats(PyObject *object, const char *name, Py_ssize_t rows, Py_ssize_t columns,
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

/* The lowest address of a view's items, and the first beyond the highest. */
static void reach_of(const View *v, uintptr_t *from, uintptr_t *to) {
    *from = *to = (uintptr_t)v->data;
    for (int i = 0; i < v->ndim; i++) {
        if (v->shape[i] == 0) return;
        ptrdiff_t reach = (v->shape[i] - 1) * v->stride[i];
        if (reach < 0) *from -= (uintptr_t)-reach;
        else *to += (uintptr_t)reach;
    }
    *to += v->itemsize;
}

/* Whether `out` may lie over an input, which nothing could then read; the error is set. */
static int overlap(const Held *out, const Held *input) {
    uintptr_t from, to, first, last;
    if (!input->held) return 0;
    reach_of(&out->view, &from, &to);
    reach_of(&input->view, &first, &last);
    if (from >= last || first >= to) return 0;
    PyErr_SetString(PyExc_ValueError, "out must not lie in the memory of an input");
    return 1;
}

static PyObject *done(int code) {
    if (code == OUT_OF_MEMORY) return PyErr_NoMemory();
    if (code) {
        PyErr_Format(PyExc_RuntimeError, "kernel failed with code %d", code);
        return NULL;
    }
    return Py_NewRef(Py_None);
}

static int threads_of(int n_threads) { return n_threads < 1 ? 1 : n_threads > 256 ? 256 : n_threads; }

/* Functions */

static PyObject *py_moments(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *x_, *weight_, *out_;
    int n_threads, code;
    if (!PyArg_ParseTuple(args, "OOOi", &x_, &weight_, &out_, &n_threads)) return NULL;
    Held x, weight, out;
    if (!hold(x_, "x", 2, 0, &x)) return NULL;
    if (!hold_floats(weight_, "weight", x.view.shape[0], -1, 0, 1, &weight)) {
        release(&x);
        return NULL;
    }
    if (!hold_floats(out_, "out", x.view.shape[1], 10, 1, 0, &out)) {
        release(&x), release(&weight);
        return NULL;
    }
    if (overlap(&out, &x) || overlap(&out, &weight)) {
        release(&x), release(&weight), release(&out);
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    code = chosen->moments(&x.view, (const double *)(void *)weight.view.data, (Sums *)(void *)out.view.data,
                           threads_of(n_threads));
    Py_END_ALLOW_THREADS
    release(&x), release(&weight), release(&out);
    return done(code);
}

static PyObject *py_extremes(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *x_, *out_;
    int n_threads, code;
    if (!PyArg_ParseTuple(args, "OOi", &x_, &out_, &n_threads)) return NULL;
    Held x, out;
    if (!hold(x_, "x", 2, 0, &x)) return NULL;
    if (!hold_floats(out_, "out", 3, x.view.shape[1], 1, 0, &out)) {
        release(&x);
        return NULL;
    }
    if (overlap(&out, &x)) {
        release(&x), release(&out);
        return NULL;
    }
    double *to = (double *)(void *)out.view.data;
    ptrdiff_t columns = x.view.shape[1];
    Py_BEGIN_ALLOW_THREADS
    code = chosen->extremes(&x.view, to, to + columns, to + 2 * columns, threads_of(n_threads));
    Py_END_ALLOW_THREADS
    release(&x), release(&out);
    return done(code);
}

/* Hold the starts of columns in n_members: packed int64, ascending, none out of bounds. */
static int hold_starts(PyObject *object, ptrdiff_t n_members, Held *h) {
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

/* Whether an array can be written while the other is read: it is the same one, or lies apart. */
static int may_write(const View *x, const View *out) {
    for (int i = 0; i < out->ndim; i++)
        if (x->shape[i] == 0) return 1;
        else if (out->shape[i] > 1 && out->stride[i] == 0) return 0;
    int same = x->data == out->data && x->kind == out->kind;
    for (int i = 0; i < out->ndim; i++) same = same && x->stride[i] == out->stride[i];
    uintptr_t x_first, x_last, out_first, out_last;
    reach_of(x, &x_first, &x_last), reach_of(out, &out_first, &out_last);
    return same || x_last <= out_first || out_last <= x_first;
}

enum { MAP_VECTORS = 8, EXPONENT = 5 };

static const char *const map_names[MAP_VECTORS] = {"center", "scale", "gain", "offset", "top", "exponent", "low", "high"};

/* Whether the kernel knows the numbers of a map: some are rare, and left to the other backend. */
static int knows(const View *v, int which) {
    for (ptrdiff_t j = 0; j < v->shape[0]; j++) {
        const char *from = v->data + j * v->stride[0];
        double a;
        int64_t e;
        if (which == EXPONENT) {
            memcpy(&e, from, sizeof e);
            if (e < -1000 || e > 1000) return 0;
            continue;
        }
        memcpy(&a, from, sizeof a);
        if (strcmp(map_names[which], "top") == 0 && a == 0) return 0; /* of two zeros, which? */
        if (strcmp(map_names[which], "low") == 0 && (a != a || (a == 0 && signbit(a)))) return 0;
        if (strcmp(map_names[which], "high") == 0 && (a != a || a == 0)) return 0;
    }
    return 1;
}

/* Hold the vector of a step, or none. */
static int hold_step(PyObject *object, int which, ptrdiff_t columns, Held *h) {
    h->held = 0;
    h->view.data = NULL;
    if (object == Py_None) return 1;
    if (!hold(object, map_names[which], 1, 0, h)) return 0;
    if (h->view.kind == (which == EXPONENT ? I64 : F64) && h->view.shape[0] == columns) return 1;
    PyErr_Format(PyExc_ValueError, "%s must be %s numbers of shape (%zd,)", map_names[which],
                 which == EXPONENT ? "int64" : "float64", (Py_ssize_t)columns);
    release(h);
    return 0;
}

static PyObject *py_segment_moments(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *x_, *starts_, *weight_, *out_;
    int n_threads, code;
    if (!PyArg_ParseTuple(args, "OOOOi", &x_, &starts_, &weight_, &out_, &n_threads)) return NULL;
    Held x, starts, weight, out;
    if (!hold(x_, "values", 1, 0, &x)) return NULL;
    if (!hold_starts(starts_, x.view.shape[0], &starts)) {
        release(&x);
        return NULL;
    }
    if (!hold_floats(weight_, "weight", x.view.shape[0], -1, 0, 1, &weight)) {
        release(&x), release(&starts);
        return NULL;
    }
    if (!hold_floats(out_, "out", starts.view.shape[0] - 1, 10, 1, 0, &out)) {
        release(&x), release(&starts), release(&weight);
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    code = chosen->segment_moments(&x.view, (const int64_t *)(void *)starts.view.data, starts.view.shape[0] - 1,
                                   (const double *)(void *)weight.view.data, (Sums *)(void *)out.view.data,
                                   threads_of(n_threads));
    Py_END_ALLOW_THREADS
    release(&x), release(&starts), release(&weight), release(&out);
    return done(code);
}

static PyObject *py_segment_extremes(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *x_, *starts_, *out_;
    int n_threads, code;
    if (!PyArg_ParseTuple(args, "OOOi", &x_, &starts_, &out_, &n_threads)) return NULL;
    Held x, starts, out;
    if (!hold(x_, "values", 1, 0, &x)) return NULL;
    if (!hold_starts(starts_, x.view.shape[0], &starts)) {
        release(&x);
        return NULL;
    }
    ptrdiff_t columns = starts.view.shape[0] - 1;
    if (!hold_floats(out_, "out", 3, columns, 1, 0, &out)) {
        release(&x), release(&starts);
        return NULL;
    }
    double *to = (double *)(void *)out.view.data;
    Py_BEGIN_ALLOW_THREADS
    code = chosen->segment_extremes(&x.view, (const int64_t *)(void *)starts.view.data, columns, to, to + columns,
                                    to + 2 * columns, threads_of(n_threads));
    Py_END_ALLOW_THREADS
    release(&x), release(&starts), release(&out);
    return done(code);
}

/* View packed float64 numbers that broadcast to a sample of x; None is allowed. */
static int hold_affine(PyObject *object, const char *name, const View *x, Held *h) {
    h->held = 0;
    if (object == Py_None) return 1;
    if (!hold(object, name, 3, 0, h)) return 0;
    const View *v = &h->view;
    int right = v->kind == F64 && v->aligned;
    ptrdiff_t packed = 8;
    for (int i = 2; i >= 0; i--) {
        right &= v->shape[i] == 1 || (v->shape[i] == x->shape[i + 1] && v->stride[i] == packed);
        packed *= v->shape[i];
    }
    if (!right) {
        PyErr_Format(PyExc_ValueError, "%s must be packed float64 numbers that broadcast to (%zd, %zd, %zd)", name,
                     x->shape[1], x->shape[2], x->shape[3]);
        release(h);
    }
    return right;
}

static int is_float(const View *v) { return v->kind == F64 || v->kind == F32 || v->kind == F16; }

/* View the two arrays of the groups that are normalised, of one shape. */
static int hold_groups(PyObject *x_, PyObject *out_, Held *x, Held *out) {
    out->held = 0;
    if (!hold(x_, "x", 4, 0, x)) return 0;
    if (!hold(out_, "out", 4, 1, out)) {
        release(x);
        return 0;
    }
    if (is_float(&x->view) && is_float(&out->view) && memcmp(x->view.shape, out->view.shape, sizeof x->view.shape) == 0)
        return 1;
    PyErr_SetString(PyExc_ValueError, "x and out must be floats of one shape");
    release(x), release(out);
    return 0;
}

static PyObject *py_normalise(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *x_, *gain_, *offset_, *out_, *center_, *scale_;
    int centred, n_threads, code = 0;
    double eps;
    if (!PyArg_ParseTuple(args, "OpdOOOOOi", &x_, &centred, &eps, &gain_, &offset_, &out_, &center_, &scale_,
                          &n_threads))
        return NULL;
    Held x, out, gain = {0}, offset = {0}, center = {0}, scale = {0};
    if (!hold_groups(x_, out_, &x, &out)) return NULL;
    ptrdiff_t samples = x.view.shape[0], groups = x.view.shape[1];
    int held = hold_affine(gain_, "gain", &x.view, &gain) && hold_affine(offset_, "offset", &x.view, &offset) &&
               hold_floats(center_, "center", samples, groups, 1, 0, &center) &&
               hold_floats(scale_, "scale", samples, groups, 1, 0, &scale);
    if (held) {
        Py_BEGIN_ALLOW_THREADS
        code = chosen->normalise(&x.view, centred, eps, gain.held ? &gain.view : NULL,
                                 offset.held ? &offset.view : NULL, &out.view,
                                 (double *)(void *)center.view.data, (double *)(void *)scale.view.data,
                                 threads_of(n_threads));
        Py_END_ALLOW_THREADS
    }
    release(&x), release(&out), release(&gain), release(&offset), release(&center), release(&scale);
    return held ? done(code) : NULL;
}

/* Run the map of held arrays: 1, 0 where it is left to the other backend, -1 where an error is set. */
static int run_map(const Held *x, const Held *steps, int inverse, const Held *out, int n_threads) {
    const View *v = &x->view, *w = &out->view;
    if (v->shape[0] != w->shape[0] || v->shape[1] != w->shape[1]) {
        PyErr_SetString(PyExc_ValueError, "out must have the shape of x");
        return -1;
    }
    if (w->kind > F16 || (v->kind > F16 && w->kind != F64) || !may_write(v, w)) return 0;
    if ((steps[6].view.data == NULL) != (steps[7].view.data == NULL)) return 0;
    for (int i = 0; i < MAP_VECTORS; i++)
        if (steps[i].view.data && !knows(&steps[i].view, i)) return 0;
    MapVectors m = {steps[0].view, steps[1].view, steps[2].view, steps[3].view,
                    steps[4].view, steps[5].view, steps[6].view, steps[7].view};
    int code;
    Py_BEGIN_ALLOW_THREADS
    code = chosen->map(v, &m, inverse, w, threads_of(n_threads));
    Py_END_ALLOW_THREADS
    if (code) PyErr_NoMemory();
    return code ? -1 : 1;
}

static PyObject *py_map(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *x_, *steps_[MAP_VECTORS], *out_;
    int inverse, n_threads, n = 0, result = -1;
    if (!PyArg_ParseTuple(args, "OOOOOOOOOiOi", &x_, &steps_[0], &steps_[1], &steps_[2], &steps_[3], &steps_[4],
                          &steps_[5], &steps_[6], &steps_[7], &inverse, &out_, &n_threads))
        return NULL;
    Held x, steps[MAP_VECTORS], out = {.held = 0};
    if (!hold(x_, "x", 2, 0, &x)) return NULL;
    while (n < MAP_VECTORS && hold_step(steps_[n], n, x.view.shape[1], &steps[n])) n++;
    if (n == MAP_VECTORS && hold(out_, "out", 2, 1, &out)) result = run_map(&x, steps, inverse, &out, n_threads);
    release(&x), release(&out);
    while (n > 0) release(&steps[--n]);
    return result < 0 ? NULL : PyBool_FromLong(result);
}

static PyObject *py_has_infinity(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *x_;
    int n_threads, code;
    if (!PyArg_ParseTuple(args, "Oi", &x_, &n_threads)) return NULL;
    Held x;
    if (!hold(x_, "x", 2, 0, &x)) return NULL;
    Py_BEGIN_ALLOW_THREADS
    code = chosen->has_infinity(&x.view, threads_of(n_threads));
    Py_END_ALLOW_THREADS
    release(&x);
    return PyBool_FromLong(code == FOUND);
}

/* The variants of this build that this machine can run, the widest first. */
static int runnable(const Variant **found) {
    int n = 0;
#if (defined(__GNUC__) || defined(__clang__)) && defined(__x86_64__)
    __builtin_cpu_init();
    int v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    int v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("avx512cd");
    if (v4) found[n++] = &variant_v4;
    if (v3) found[n++] = &variant_v3;
#endif
    found[n++] = &variant_base;
    return n;
}

static PyObject *py_variants(PyObject *self, PyObject *args) {
    (void)self, (void)args;
    const Variant *found[3];
    int n = runnable(found);
    PyObject *names = PyList_New(0);
    for (int i = 0; names && i < n; i++) {
        PyObject *name = PyUnicode_FromString(found[i]->name);
        if (!name || PyList_Append(names, name) < 0) Py_CLEAR(names);
        Py_XDECREF(name);
    }
    return names;
}

static PyObject *py_choose(PyObject *self, PyObject *args) {
    (void)self;
    const char *name;
    if (!PyArg_ParseTuple(args, "s", &name)) return NULL;
    const Variant *found[3];
    int n = runnable(found);
    for (int i = 0; i < n; i++)
        if (strcmp(found[i]->name, name) == 0) {
            chosen = found[i];
            return Py_NewRef(Py_None);
        }
    PyErr_Format(PyExc_ValueError, "no variant '%s' runs on this machine", name);
    return NULL;
}

static PyMethodDef methods[] = {
    {"moments", py_moments, METH_VARARGS, "moments(x, weight, out, n_threads): sums of columns."},
    {"extremes", py_extremes, METH_VARARGS, "extremes(x, out, n_threads): low, high, NaN count of columns."},
    {"segment_moments", py_segment_moments, METH_VARARGS,
     "segment_moments(values, starts, weight, out, n_threads): sums of columns of members in a row."},
    {"segment_extremes", py_segment_extremes, METH_VARARGS,
     "segment_extremes(values, starts, out, n_threads): low, high, NaN count of such columns."},
    {"normalise", py_normalise, METH_VARARGS,
     "normalise(x, centred, eps, gain, offset, out, center, scale, n_threads): groups of members."},
    {"map", py_map, METH_VARARGS,
     "map(x, center, scale, gain, offset, top, exponent, low, high, inverse, out, n_threads): whether it was done."},
    {"has_infinity", py_has_infinity, METH_VARARGS, "has_infinity(x, n_threads): whether a member is infinite."},
    {"variants", py_variants, METH_NOARGS, "variants(): names of the variants that run here, the widest first."},
    {"choose", py_choose, METH_VARARGS, "choose(name): take a variant, for tests."},
    {NULL, NULL, 0, NULL},
};

static int execute(PyObject *module) {
    const Variant *found[3];
    runnable(found);
    chosen = found[0];
    (void)module;
    return 0;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void *)execute},
    {0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_compiled", "Kernels in C: see kernels/contract.py.", 0, methods, slots, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__compiled(void) { return PyModuleDef_Init(&definition); }
