/* The Python interface of the extension: it checks buffers, and runs kernels without the GIL. */

#include "views.h"

#include <math.h>
#include <string.h>

static const Variant *chosen = NULL;

static PyObject *done(int code) {
    if (code == OUT_OF_MEMORY) return PyErr_NoMemory();
    if (code) {
        PyErr_Format(PyExc_RuntimeError, "kernel failed with code %d", code);
        return NULL;
    }
    return Py_NewRef(Py_None);
}

static int threads_of(int n_threads) { return n_threads < 1 ? 1 : n_threads > 256 ? 256 : n_threads; }

static double *doubles(const Held *h) { return h->held ? (double *)(void *)h->view.data : NULL; }

static const int64_t *integers(const Held *h) { return (const int64_t *)(const void *)h->view.data; }

/* Columns */

static PyObject *py_moments(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *x_, *weight_, *out_;
    int n_threads, code = 0;
    if (!PyArg_ParseTuple(args, "OOOi", &x_, &weight_, &out_, &n_threads)) return NULL;
    Held x = {0}, weight = {0}, out = {0};
    int held = hold(x_, "x", 2, 0, &x) && hold_floats(weight_, "weight", x.view.shape[0], -1, 0, 1, &weight) &&
               hold_floats(out_, "out", SUMS, x.view.shape[1], 1, 0, &out) && apart(&out, &x) && apart(&out, &weight);
    if (held) {
        Py_BEGIN_ALLOW_THREADS
        code = chosen->moments(&x.view, doubles(&weight), doubles(&out), threads_of(n_threads));
        Py_END_ALLOW_THREADS
    }
    release(&x), release(&weight), release(&out);
    return held ? done(code) : NULL;
}

static PyObject *py_extremes(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *x_, *out_;
    int n_threads, code = 0;
    if (!PyArg_ParseTuple(args, "OOi", &x_, &out_, &n_threads)) return NULL;
    Held x = {0}, out = {0};
    int held = hold(x_, "x", 2, 0, &x) && hold_floats(out_, "out", 3, x.view.shape[1], 1, 0, &out) && apart(&out, &x);
    if (held) {
        double *to = doubles(&out);
        ptrdiff_t columns = x.view.shape[1];
        Py_BEGIN_ALLOW_THREADS
        code = chosen->extremes(&x.view, to, to + columns, to + 2 * columns, threads_of(n_threads));
        Py_END_ALLOW_THREADS
    }
    release(&x), release(&out);
    return held ? done(code) : NULL;
}

static PyObject *py_segment_moments(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *x_, *starts_, *weight_, *out_;
    int n_threads, code = 0;
    if (!PyArg_ParseTuple(args, "OOOOi", &x_, &starts_, &weight_, &out_, &n_threads)) return NULL;
    Held x = {0}, starts = {0}, weight = {0}, out = {0};
    int held = hold(x_, "values", 1, 0, &x) && hold_starts(starts_, x.view.shape[0], &starts) &&
               hold_floats(weight_, "weight", x.view.shape[0], -1, 0, 1, &weight) &&
               hold_floats(out_, "out", SUMS, starts.view.shape[0] - 1, 1, 0, &out) && apart(&out, &x) &&
               apart(&out, &starts) && apart(&out, &weight);
    if (held) {
        ptrdiff_t columns = starts.view.shape[0] - 1;
        Py_BEGIN_ALLOW_THREADS
        code = chosen->segment_moments(&x.view, integers(&starts), columns, doubles(&weight), doubles(&out),
                                       threads_of(n_threads));
        Py_END_ALLOW_THREADS
    }
    release(&x), release(&starts), release(&weight), release(&out);
    return held ? done(code) : NULL;
}

static PyObject *py_group_moments(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *x_, *starts_, *weight_, *out_;
    int n_threads, code = 0;
    if (!PyArg_ParseTuple(args, "OOOOi", &x_, &starts_, &weight_, &out_, &n_threads)) return NULL;
    Held x = {0}, starts = {0}, weight = {0}, out = {0};
    int held = hold(x_, "X", 2, 0, &x) && hold_starts(starts_, x.view.shape[0], &starts) &&
               hold_floats(weight_, "weight", x.view.shape[0], -1, 0, 1, &weight) &&
               hold_floats(out_, "out", SUMS, (starts.view.shape[0] - 1) * x.view.shape[1], 1, 0, &out) &&
               apart(&out, &x) && apart(&out, &starts) && apart(&out, &weight);
    if (held) {
        ptrdiff_t groups = starts.view.shape[0] - 1;
        Py_BEGIN_ALLOW_THREADS
        code = chosen->group_moments(&x.view, integers(&starts), groups, doubles(&weight), doubles(&out),
                                     threads_of(n_threads));
        Py_END_ALLOW_THREADS
    }
    release(&x), release(&starts), release(&weight), release(&out);
    return held ? done(code) : NULL;
}

static PyObject *py_segment_extremes(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *x_, *starts_, *out_;
    int n_threads, code = 0;
    if (!PyArg_ParseTuple(args, "OOOi", &x_, &starts_, &out_, &n_threads)) return NULL;
    Held x = {0}, starts = {0}, out = {0};
    int held = hold(x_, "values", 1, 0, &x) && hold_starts(starts_, x.view.shape[0], &starts) &&
               hold_floats(out_, "out", 3, starts.view.shape[0] - 1, 1, 0, &out) && apart(&out, &x) &&
               apart(&out, &starts);
    if (held) {
        double *to = doubles(&out);
        ptrdiff_t columns = starts.view.shape[0] - 1;
        Py_BEGIN_ALLOW_THREADS
        code = chosen->segment_extremes(&x.view, integers(&starts), columns, to, to + columns, to + 2 * columns,
                                        threads_of(n_threads));
        Py_END_ALLOW_THREADS
    }
    release(&x), release(&starts), release(&out);
    return held ? done(code) : NULL;
}

/* Matrices of moments */

/* Hold a matrix of moments, of any number of columns, or of as many as `other`. */
static int hold_moments(PyObject *object, const char *name, const Held *other, Held *h) {
    if (!hold(object, name, 2, 0, h)) return 0;
    Py_ssize_t columns = other ? other->view.shape[1] : h->view.shape[1];
    release(h);
    return hold_floats(object, name, SUMS, columns, 0, 0, h);
}

static PyObject *py_merge_moments(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *a_, *b_, *out_;
    int n_threads, code = 0;
    if (!PyArg_ParseTuple(args, "OOOi", &a_, &b_, &out_, &n_threads)) return NULL;
    Held a = {0}, b = {0}, out = {0};
    int held = hold_moments(a_, "a", NULL, &a) && hold_moments(b_, "b", &a, &b) &&
               hold_floats(out_, "out", SUMS, a.view.shape[1], 1, 0, &out) && apart(&out, &a) && apart(&out, &b);
    if (held) {
        Py_BEGIN_ALLOW_THREADS
        code = chosen->merge_columns(doubles(&a), doubles(&b), a.view.shape[1], doubles(&out), threads_of(n_threads));
        Py_END_ALLOW_THREADS
    }
    release(&a), release(&b), release(&out);
    return held ? done(code) : NULL;
}

static PyObject *py_settle_moments(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *m_, *out_;
    double ddof, eps;
    int n_threads, code = 0;
    if (!PyArg_ParseTuple(args, "OddOi", &m_, &ddof, &eps, &out_, &n_threads)) return NULL;
    Held m = {0}, out = {0};
    int held = hold_moments(m_, "m", NULL, &m) && hold_floats(out_, "out", 3, m.view.shape[1], 1, 0, &out) &&
               apart(&out, &m);
    if (held) {
        Py_BEGIN_ALLOW_THREADS
        code = chosen->settle_columns(doubles(&m), m.view.shape[1], ddof, eps, doubles(&out), threads_of(n_threads));
        Py_END_ALLOW_THREADS
    }
    release(&m), release(&out);
    return held ? done(code) : NULL;
}

static PyObject *py_change_moments(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *m_, *factor_, *out_;
    int change, n_threads, code = 0;
    if (!PyArg_ParseTuple(args, "OiOOi", &m_, &change, &factor_, &out_, &n_threads)) return NULL;
    if (change < 0 || change >= N_CHANGES) {
        PyErr_SetString(PyExc_ValueError, "there is no such change of moments");
        return NULL;
    }
    Held m = {0}, factor = {0}, out = {0};
    int held = hold_moments(m_, "m", NULL, &m) &&
               hold_floats(factor_, "factor", m.view.shape[1], -1, 0, 1, &factor) &&
               hold_floats(out_, "out", SUMS, m.view.shape[1], 1, 0, &out) && apart(&out, &m) && apart(&out, &factor);
    if (held) {
        Py_BEGIN_ALLOW_THREADS
        code = chosen->change_columns(doubles(&m), m.view.shape[1], (Change)change, doubles(&factor), doubles(&out),
                              threads_of(n_threads));
        Py_END_ALLOW_THREADS
    }
    release(&m), release(&factor), release(&out);
    return held ? done(code) : NULL;
}

/* Infinities */

static PyObject *py_has_infinity(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *x_;
    int n_threads, code;
    if (!PyArg_ParseTuple(args, "Oi", &x_, &n_threads)) return NULL;
    Held x = {0};
    if (!hold(x_, "x", 2, 0, &x)) return NULL;
    Py_BEGIN_ALLOW_THREADS
    code = chosen->has_infinity(&x.view, threads_of(n_threads));
    Py_END_ALLOW_THREADS
    release(&x);
    return PyBool_FromLong(code == FOUND);
}

/* Maps */

enum { TOP = 4, EXPONENT, LOW, HIGH, MAP_VECTORS };

static const char *const map_names[MAP_VECTORS] = {"center", "scale", "gain", "offset", "top", "exponent", "low", "high"};

/* Whether the kernel supports a number of a map; rare ones are left to the NumPy backend. */
static int knows(int which, const char *from) {
    double a;
    int64_t e;
    if (which == EXPONENT) {
        memcpy(&e, from, sizeof e);
        return e >= -1000 && e <= 1000;
    }
    memcpy(&a, from, sizeof a);
    if (which == TOP) return a != 0; /* 0 would need the right sign */
    return a == a && (which == LOW ? a != 0 || !signbit(a) : a != 0);
}

static int knows_all(const View *v, int which) {
    if (which < TOP) return 1;
    for (ptrdiff_t j = 0; j < v->shape[0]; j++)
        if (!knows(which, v->data + j * v->stride[0])) return 0;
    return 1;
}

/* Hold the vector of a step, or none. */
static int hold_step(PyObject *object, int which, ptrdiff_t columns, Held *h) {
    if (object == Py_None) return 1;
    if (!hold(object, map_names[which], 1, 0, h)) return 0;
    if (h->view.kind == (which == EXPONENT ? I64 : F64) && h->view.shape[0] == columns) return 1;
    PyErr_Format(PyExc_ValueError, "%s must be %s numbers of shape (%zd,)", map_names[which],
                 which == EXPONENT ? "int64" : "float64", (Py_ssize_t)columns);
    release(h);
    return 0;
}

enum { LEFT, DONE, INFINITE };

/* Run the map of held arrays. Returns DONE, LEFT (for the NumPy backend), INFINITE if `look` found an infinite
   member, or -1 if an error is set. */
static int run_map(const Held *x, const Held *steps, int inverse, int look, const Held *out, int n_threads) {
    const View *v = &x->view, *w = &out->view;
    if (v->shape[0] != w->shape[0] || v->shape[1] != w->shape[1]) {
        PyErr_SetString(PyExc_ValueError, "out must have the shape of x");
        return -1;
    }
    if (w->kind > F16 || (v->kind > F16 && w->kind != F64) || !may_write(v, w)) return 0;
    if ((steps[LOW].view.data == NULL) != (steps[HIGH].view.data == NULL)) return 0;
    for (int i = 0; i < MAP_VECTORS; i++)
        if (steps[i].view.data && !knows_all(&steps[i].view, i)) return 0;
    MapVectors m = {steps[0].view, steps[1].view, steps[2].view, steps[3].view,
                    steps[4].view, steps[5].view, steps[6].view, steps[7].view};
    int code = 0, in_place = v->data == w->data;
    Py_BEGIN_ALLOW_THREADS
    if (look && in_place) code = chosen->has_infinity(v, threads_of(n_threads)); /* search before writing */
    if (!code) code = chosen->map(v, &m, inverse, look && !in_place, w, threads_of(n_threads));
    Py_END_ALLOW_THREADS
    if (code == FOUND) return INFINITE;
    if (code) PyErr_NoMemory();
    return code ? -1 : DONE;
}

/* Hold the vectors of a map. Returns the number held; less than all means that an error is set. */
static int hold_steps(PyObject *const *steps_, ptrdiff_t columns, Held *steps) {
    int n = 0;
    while (n < MAP_VECTORS && hold_step(steps_[n], n, columns, &steps[n])) n++;
    return n;
}

static PyObject *py_map(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *x_, *steps_[MAP_VECTORS], *out_;
    int inverse, look, n_threads, result = -1;
    if (!PyArg_ParseTuple(args, "OOOOOOOOOiiOi", &x_, &steps_[0], &steps_[1], &steps_[2], &steps_[3], &steps_[4],
                          &steps_[5], &steps_[6], &steps_[7], &inverse, &look, &out_, &n_threads))
        return NULL;
    Held x = {0}, steps[MAP_VECTORS] = {0}, out = {0};
    int held = hold(x_, "x", 2, 0, &x) && hold_steps(steps_, x.view.shape[1], steps) == MAP_VECTORS;
    if (held && hold(out_, "out", 2, 1, &out)) result = run_map(&x, steps, inverse, look, &out, n_threads);
    release(&x), release(&out);
    for (int n = 0; n < MAP_VECTORS; n++) release(&steps[n]);
    return result < 0 ? NULL : PyLong_FromLong(result);
}

/* Stored members */

/* View the column of each member: int32 or int64. */
static int hold_columns(PyObject *object, ptrdiff_t n_members, Held *h) {
    if (!hold(object, "columns", 1, 0, h)) return 0;
    if ((h->view.kind == I32 || h->view.kind == I64) && h->view.shape[0] == n_members) return 1;
    PyErr_Format(PyExc_ValueError, "columns must be int32 or int64 numbers of shape (%zd,)", (Py_ssize_t)n_members);
    release(h);
    return 0;
}

static PyObject *done_with_columns(int code) {
    if (code != NO_COLUMN) return done(code);
    PyErr_SetString(PyExc_IndexError, "a column is out of range");
    return NULL;
}

/* Run the map of held members; returns as run_map does. */
static int run_stored(const Held *x, const Held *columns, const Held *steps, Py_ssize_t n_columns, int inverse,
                      int look, const Held *out, int n_threads) {
    const View *v = &x->view, *w = &out->view;
    if (v->shape[0] != w->shape[0]) {
        PyErr_SetString(PyExc_ValueError, "out must have the shape of values");
        return -1;
    }
    if (w->kind > F16 || (v->kind > F16 && w->kind != F64) || !may_write(v, w)) return LEFT;
    if (!apart(out, columns)) return -1;
    if ((steps[LOW].view.data == NULL) != (steps[HIGH].view.data == NULL)) return LEFT;
    for (int i = 0; i < MAP_VECTORS; i++)
        if (steps[i].view.data && !knows_all(&steps[i].view, i)) return LEFT;
    MapVectors m = {steps[0].view, steps[1].view, steps[2].view, steps[3].view,
                    steps[4].view, steps[5].view, steps[6].view, steps[7].view};
    int code = 0, in_place = v->data == w->data;
    Py_BEGIN_ALLOW_THREADS
    if (look && in_place) code = chosen->has_infinity(v, threads_of(n_threads)); /* search before writing */
    if (!code)
        code = chosen->map_stored(v, &columns->view, &m, n_columns, inverse, look && !in_place, w, threads_of(n_threads));
    Py_END_ALLOW_THREADS
    if (code == FOUND) return INFINITE;
    PyObject *none = done_with_columns(code);
    Py_XDECREF(none);
    return none ? DONE : -1;
}

static PyObject *py_map_stored(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *x_, *columns_, *steps_[MAP_VECTORS], *out_;
    Py_ssize_t n_columns;
    int inverse, look, n_threads, result = -1;
    if (!PyArg_ParseTuple(args, "OOnOOOOOOOOiiOi", &x_, &columns_, &n_columns, &steps_[0], &steps_[1], &steps_[2],
                          &steps_[3], &steps_[4], &steps_[5], &steps_[6], &steps_[7], &inverse, &look, &out_, &n_threads))
        return NULL;
    Held x = {0}, columns = {0}, steps[MAP_VECTORS] = {0}, out = {0};
    if (hold(x_, "values", 1, 0, &x) && hold_columns(columns_, x.view.shape[0], &columns) &&
        hold_steps(steps_, n_columns, steps) == MAP_VECTORS && hold(out_, "out", 1, 1, &out))
        result = run_stored(&x, &columns, steps, n_columns, inverse, look, &out, n_threads);
    release(&x), release(&columns), release(&out);
    for (int n = 0; n < MAP_VECTORS; n++) release(&steps[n]);
    return result < 0 ? NULL : PyLong_FromLong(result);
}

static PyObject *py_gather(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *x_, *columns_, *weight_, *out_, *weights_, *starts_;
    int n_threads;
    if (!PyArg_ParseTuple(args, "OOOOOOi", &x_, &columns_, &weight_, &out_, &weights_, &starts_, &n_threads))
        return NULL;
    Held x = {0}, columns = {0}, weight = {0}, out = {0}, weights = {0}, starts = {0};
    int held = hold(x_, "values", 1, 0, &x) && hold_columns(columns_, x.view.shape[0], &columns) &&
               hold_floats(weight_, "weight", x.view.shape[0], -1, 0, 1, &weight) && hold(out_, "out", 1, 1, &out) &&
               hold_floats(weights_, "weights", x.view.shape[0], -1, 1, 1, &weights) &&
               hold(starts_, "starts", 1, 1, &starts);
    if (held && (out.view.kind != x.view.kind || out.view.shape[0] != x.view.shape[0] ||
                 out.view.stride[0] != (ptrdiff_t)out.view.itemsize || starts.view.kind != I64 ||
                 starts.view.stride[0] != 8 || !starts.view.aligned || starts.view.shape[0] < 1 ||
                 weight.held != weights.held)) {
        PyErr_SetString(PyExc_ValueError, "out and weights must be packed like values and weight, starts int64");
        held = 0;
    }
    const Held *written[3] = {&out, &weights, &starts}, *read[3] = {&x, &columns, &weight};
    for (int i = 0; held && i < 3; i++)
        for (int j = 0; held && j < 3; j++)
            held = (!written[i]->held || !read[j]->held || apart(written[i], read[j])) &&
                   (i == j || !written[i]->held || !written[j]->held || apart(written[i], written[j]));
    int code = 0;
    if (held) {
        Py_BEGIN_ALLOW_THREADS
        code = gather_columns(&x.view, &columns.view, doubles(&weight), out.view.data, doubles(&weights),
                              (int64_t *)(void *)starts.view.data, starts.view.shape[0] - 1, threads_of(n_threads));
        Py_END_ALLOW_THREADS
    }
    release(&x), release(&columns), release(&weight), release(&out), release(&weights), release(&starts);
    return held ? done_with_columns(code) : NULL;
}

static PyObject *py_scattered_moments(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *x_, *columns_, *starts_, *out_;
    int n_threads, code = 0, takes = 0;
    if (!PyArg_ParseTuple(args, "OOOOi", &x_, &columns_, &starts_, &out_, &n_threads)) return NULL;
    Held x = {0}, columns = {0}, starts = {0}, out = {0};
    int held = hold(x_, "values", 1, 0, &x) && hold_columns(columns_, x.view.shape[0], &columns) &&
               hold_starts(starts_, x.view.shape[0], &starts) && hold(out_, "out", 2, 1, &out);
    Py_ssize_t n_rows = held ? starts.view.shape[0] - 1 : 0, n_columns = held ? out.view.shape[1] : 0;
    if (held) release(&out), held = hold_floats(out_, "out", SUMS, n_columns, 1, 0, &out);
    held = held && apart(&out, &x) && apart(&out, &columns) && apart(&out, &starts);
    if (held && (takes = chosen->scatters(&x.view, n_rows, n_columns))) {
        Py_BEGIN_ALLOW_THREADS
        code = chosen->scattered_moments(&x.view, &columns.view, integers(&starts), n_rows, n_columns,
                                         doubles(&out), threads_of(n_threads));
        Py_END_ALLOW_THREADS
    }
    release(&x), release(&columns), release(&starts), release(&out);
    if (!held) return NULL;
    PyObject *none = done_with_columns(code);
    Py_XDECREF(none);
    return none ? PyBool_FromLong(takes) : NULL;
}

/* Groups */

static int is_float(const View *v) { return v->kind == F64 || v->kind == F32 || v->kind == F16; }

/* Whether groups of x can be written to `out`: to floats, of equal shape, the same array or separate ones. */
static int fits_groups(const View *x, const View *out) {
    if (is_float(out) && memcmp(x->shape, out->shape, sizeof x->shape) == 0 && may_write(x, out))
        return 1;
    PyErr_SetString(PyExc_ValueError, "x, and out of floats, must be of one shape, one array or two apart");
    return 0;
}

/* Whether both hold floats, which gradients read. */
static int both_floats(const View *x, const View *grad) {
    if (is_float(x) && is_float(grad)) return 1;
    PyErr_SetString(PyExc_ValueError, "x and grad must be floats of one shape");
    return 0;
}

/* View packed float64 numbers to be written, which broadcast to a sample of x and have the shape of `other`. */
static int hold_sums(PyObject *object, const char *name, const View *x, const Held *other, Held *h) {
    if (object == Py_None) {
        PyErr_Format(PyExc_TypeError, "%s must be an array", name);
        return 0;
    }
    if (!hold_affine(object, name, 1, x, h)) return 0;
    if (!other->held || memcmp(other->view.shape, h->view.shape, sizeof h->view.shape) == 0) return 1;
    PyErr_Format(PyExc_ValueError, "%s must have the shape of gain and of other sums", name);
    release(h);
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
    Held x = {0}, out = {0}, gain = {0}, offset = {0}, center = {0}, scale = {0};
    int held = hold(x_, "x", 4, 0, &x) && hold(out_, "out", 4, 1, &out) && fits_groups(&x.view, &out.view) &&
               hold_affine(gain_, "gain", 0, &x.view, &gain) && hold_affine(offset_, "offset", 0, &x.view, &offset) &&
               hold_floats(center_, "center", x.view.shape[0], x.view.shape[1], 1, 0, &center) &&
               hold_floats(scale_, "scale", x.view.shape[0], x.view.shape[1], 1, 0, &scale) && apart(&center, &x) &&
               apart(&scale, &x) && apart(&center, &out) && apart(&scale, &out) && apart(&center, &scale);
    const Held *vectors[2] = {&gain, &offset};
    for (int i = 0; held && i < 2; i++)
        held = apart(&out, vectors[i]) && apart(&center, vectors[i]) && apart(&scale, vectors[i]);
    if (held) {
        Py_BEGIN_ALLOW_THREADS
        code = chosen->normalise(&x.view, centred, eps, gain.held ? &gain.view : NULL,
                                 offset.held ? &offset.view : NULL, &out.view, doubles(&center), doubles(&scale),
                                 threads_of(n_threads));
        Py_END_ALLOW_THREADS
    }
    release(&x), release(&out), release(&gain), release(&offset), release(&center), release(&scale);
    return held ? done(code) : NULL;
}

static PyObject *py_gradients(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *x_, *grad_, *gain_, *out_, *sums_[2];
    int centred, n_threads, code = 0;
    double eps;
    if (!PyArg_ParseTuple(args, "OOpdOOOOi", &x_, &grad_, &centred, &eps, &gain_, &out_, &sums_[0], &sums_[1], &n_threads))
        return NULL;
    Held x = {0}, grad = {0}, gain = {0}, out = {0}, sums[2] = {0};
    int held = hold(x_, "x", 4, 0, &x) && hold(grad_, "grad", 4, 0, &grad) && hold(out_, "out", 4, 1, &out) &&
               fits_groups(&x.view, &out.view) && fits_groups(&grad.view, &out.view) && both_floats(&x.view, &grad.view) &&
               apart(&out, &x) && apart(&out, &grad) && hold_affine(gain_, "gain", 0, &x.view, &gain) &&
               hold_sums(sums_[0], "by_gain", &x.view, &gain, &sums[0]) &&
               hold_sums(sums_[1], "by_offset", &x.view, &sums[0], &sums[1]) && apart(&sums[0], &sums[1]);
    const Held *others[4] = {&x, &grad, &gain, &out};
    for (int i = 0; held && i < 4; i++) held = apart(&sums[0], others[i]) && apart(&sums[1], others[i]);
    if (held && apart(&out, &gain)) {
        Py_BEGIN_ALLOW_THREADS
        code = chosen->gradients(&x.view, &grad.view, centred, eps, gain.held ? &gain.view : NULL, &out.view,
                                 &sums[0].view, &sums[1].view, threads_of(n_threads));
        Py_END_ALLOW_THREADS
    } else held = 0;
    release(&x), release(&grad), release(&gain), release(&out), release(&sums[0]), release(&sums[1]);
    return held ? done(code) : NULL;
}

/* Selection */

/* View contiguous 16-bit keys, one row per column of the data. */
static int hold_keys(PyObject *object, Py_ssize_t rows, Py_ssize_t columns, Held *h) {
    if (!hold(object, "keys", 2, 1, h)) return 0;
    const View *v = &h->view;
    int packed = v->stride[1] == 2 && (v->stride[0] == 2 * v->shape[1] || v->shape[0] <= 1);
    if (v->kind == U16 && v->aligned && packed && v->shape[0] == rows && v->shape[1] == columns) return 1;
    PyErr_Format(PyExc_ValueError, "keys must be packed uint16 numbers of shape (%zd, %zd)", rows, columns);
    release(h);
    return 0;
}

/* Set the sizes of a plan; sets an error if they are out of bounds. */
static int fits_plan(SelectPlan *plan, const View *x, Py_ssize_t n_sample, Py_ssize_t n_probabilities) {
    const Py_ssize_t many = (Py_ssize_t)1 << 30;
    if (plan->whole < 0 || plan->most < 1 || plan->most > many || n_sample < 0 || n_sample > many ||
        n_probabilities < 0 || n_probabilities > 1 << 12 || x->shape[0] > INT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "a size is out of bounds");
        return 0;
    }
    plan->n_sample = n_sample, plan->n_probabilities = n_probabilities;
    plan->width = SELECT_FIELDS + 2 * n_probabilities, plan->n_members = plan->most + SELECT_REST;
    return 1;
}

static PyObject *py_select(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *in[3], *to[3]; /* x, sample, probabilities; keys, out, members */
    Py_ssize_t n_sample, n_probabilities;
    SelectPlan plan;
    int n_threads, code = 0;
    if (!PyArg_ParseTuple(args, "OOnOnOOOnndi", &in[0], &in[1], &n_sample, &in[2], &n_probabilities, &to[0], &to[1],
                          &to[2], &plan.whole, &plan.most, &plan.tolerance, &n_threads))
        return NULL;
    Held x = {0}, given[2] = {0}, found[3] = {0};
    int held = hold(in[0], "x", 2, 0, &x) && fits_plan(&plan, &x.view, n_sample, n_probabilities);
    ptrdiff_t rows = x.view.shape[0], columns = x.view.shape[1];
    held = held && hold_floats(in[1], "sample", columns, n_sample, 0, 0, &given[0]) &&
           hold_floats(in[2], "probabilities", n_probabilities, -1, 0, 0, &given[1]) &&
           hold_keys(to[0], columns, rows, &found[0]) && hold_floats(to[1], "out", columns, plan.width, 1, 0, &found[1]) &&
           hold_floats(to[2], "members", columns, plan.n_members, 1, 0, &found[2]);
    for (int i = 0; held && i < 3; i++)
        held = apart(&found[i], &x) && apart(&found[i], &given[0]) && apart(&found[i], &given[1]) &&
               apart(&found[i], &found[(i + 1) % 3]);
    if (held) {
        plan.sample = doubles(&given[0]), plan.probabilities = doubles(&given[1]);
        Py_BEGIN_ALLOW_THREADS
        code = chosen->select_ranks(&x.view, &plan, (uint16_t *)(void *)found[0].view.data, doubles(&found[1]),
                                    doubles(&found[2]), threads_of(n_threads));
        Py_END_ALLOW_THREADS
    }
    release(&x), release(&given[0]), release(&given[1]);
    for (int i = 0; i < 3; i++) release(&found[i]);
    return held ? done(code) : NULL;
}

static PyObject *py_sort_columns(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *x_, *out_;
    int n_threads, code = 0;
    if (!PyArg_ParseTuple(args, "OOi", &x_, &out_, &n_threads)) return NULL;
    Held x = {0}, out = {0};
    int held = hold(x_, "x", 2, 0, &x) && hold_floats(out_, "out", x.view.shape[1], x.view.shape[0], 1, 0, &out) &&
               apart(&out, &x);
    if (held) {
        Py_BEGIN_ALLOW_THREADS
        code = chosen->sort_columns(&x.view, doubles(&out), threads_of(n_threads));
        Py_END_ALLOW_THREADS
    }
    release(&x), release(&out);
    return held ? done(code) : NULL;
}

static PyObject *py_place(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *x_, *knots_, *counts_, *out_;
    Py_ssize_t width;
    int n_threads, code = 0;
    if (!PyArg_ParseTuple(args, "OOOnOi", &x_, &knots_, &counts_, &width, &out_, &n_threads)) return NULL;
    if (width < 0 || width > INT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "the number of knots must be at least 0 and below 2**31");
        return NULL;
    }
    Held x = {0}, knots = {0}, counts = {0}, out = {0};
    int held = hold(x_, "x", 2, 0, &x) && hold_floats(knots_, "knots", x.view.shape[1], width, 0, 0, &knots) &&
               hold_floats(counts_, "counts", x.view.shape[1], -1, 0, 0, &counts) && hold(out_, "out", 2, 1, &out) &&
               apart(&out, &knots) && apart(&out, &counts);
    const View *v = &x.view, *w = &out.view;
    if (held && (w->shape[0] != v->shape[0] || w->shape[1] != v->shape[1] || w->kind > F16 || !may_write(v, w))) {
        PyErr_SetString(PyExc_ValueError, "out must hold floats, have the shape of x, and be x or apart from it");
        held = 0;
    }
    if (held) {
        Py_BEGIN_ALLOW_THREADS
        code = chosen->place(v, doubles(&knots), doubles(&counts), width, w, threads_of(n_threads));
        Py_END_ALLOW_THREADS
    }
    release(&x), release(&knots), release(&counts), release(&out);
    return held ? done(code) : NULL;
}

/* Variants */

/* The variants of this build that this machine can run, the widest first. */
static int runnable(const Variant **found) {
    int n = 0;
#if HAS_VARIANTS
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
    {"moments", py_moments, METH_VARARGS, "moments(x, weight, out, n_threads): a matrix of the moments of columns."},
    {"merge_moments", py_merge_moments, METH_VARARGS, "merge_moments(a, b, out, n_threads): of two such matrices."},
    {"settle_moments", py_settle_moments, METH_VARARGS,
     "settle_moments(m, ddof, eps, out, n_threads): mean, variance and deviation."},
    {"change_moments", py_change_moments, METH_VARARGS,
     "change_moments(m, change, factor, out, n_threads): 0 weighted, 1 recentred, 2 centred, 3 collapsed."},
    {"extremes", py_extremes, METH_VARARGS, "extremes(x, out, n_threads): low, high, NaN count of columns."},
    {"segment_moments", py_segment_moments, METH_VARARGS,
     "segment_moments(values, starts, weight, out, n_threads): moments of columns of members in a row."},
    {"scattered_moments", py_scattered_moments, METH_VARARGS,
     "scattered_moments(values, columns, starts, out, n_threads): moments of the columns of a CSR array, or False."},
    {"group_moments", py_group_moments, METH_VARARGS,
     "group_moments(X, starts, weight, out, n_threads): moments of the columns of groups of rows."},
    {"segment_extremes", py_segment_extremes, METH_VARARGS,
     "segment_extremes(values, starts, out, n_threads): low, high, NaN count of such columns."},
    {"normalise", py_normalise, METH_VARARGS,
     "normalise(x, centred, eps, gain, offset, out, center, scale, n_threads): groups of members."},
    {"gradients", py_gradients, METH_VARARGS,
     "gradients(x, grad, centred, eps, gain, out, by_gain, by_offset, n_threads): of groups of members, and of vectors."},
    {"map", py_map, METH_VARARGS,
     "map(x, center, scale, gain, offset, top, exponent, low, high, inverse, look, out, n_threads): 1 if it was done, "
     "2 if `look` found an infinite member."},
    {"map_stored", py_map_stored, METH_VARARGS,
     "map_stored(values, columns, n_columns, center, scale, gain, offset, top, exponent, low, high, inverse, look, "
     "out, n_threads): as map, for members of sparse arrays."},
    {"gather", py_gather, METH_VARARGS,
     "gather(values, columns, weight, out, weights, starts, n_threads): members column after column."},
    {"has_infinity", py_has_infinity, METH_VARARGS, "has_infinity(x, n_threads): whether a member is infinite."},
    {"select", py_select, METH_VARARGS,
     "select(x, sample, n_sample, probabilities, n_probabilities, keys, out, members, whole, most, tolerance, "
     "n_threads): order statistics and summaries of columns."},
    {"sort_columns", py_sort_columns, METH_VARARGS,
     "sort_columns(x, out, n_threads): the members of each column in their order, NaN last."},
    {"place", py_place, METH_VARARGS,
     "place(x, knots, counts, width, out, n_threads): where members lie among the knots of their column."},
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
