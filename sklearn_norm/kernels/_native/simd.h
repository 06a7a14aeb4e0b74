/* Vectors of doubles, of the width of the variant that includes this file.

   The same source is compiled once per variant (see variant.inc). V is the number of lanes.
   Every operation rounds as the scalar one does, so all variants give the same sums. */

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__) || defined(__clang__)
#define INLINE static inline __attribute__((always_inline))
#define PREFETCH(p) __builtin_prefetch((p), 0, 2)
#else
#define INLINE static inline
#define PREFETCH(p) ((void)0)
#endif

#if VARIANT_LANES == 8
#define V 8
typedef __m512d vec;
INLINE vec v_load(const double *p) { return _mm512_loadu_pd(p); }
INLINE void v_store(double *p, vec a) { _mm512_storeu_pd(p, a); }
INLINE vec v_set(double a) { return _mm512_set1_pd(a); }
/* the members of p in V places: single loads, since gathers take longer */
INLINE vec v_pick(const double *p, const int32_t *i) {
    return _mm512_set_pd(p[i[7]], p[i[6]], p[i[5]], p[i[4]], p[i[3]], p[i[2]], p[i[1]], p[i[0]]);
}
INLINE vec v_add(vec a, vec b) { return _mm512_add_pd(a, b); }
INLINE vec v_sub(vec a, vec b) { return _mm512_sub_pd(a, b); }
INLINE vec v_mul(vec a, vec b) { return _mm512_mul_pd(a, b); }
INLINE vec v_div(vec a, vec b) { return _mm512_div_pd(a, b); }
INLINE vec v_fma(vec a, vec b, vec c) { return _mm512_fmadd_pd(a, b, c); }
INLINE vec v_fms(vec a, vec b, vec c) { return _mm512_fmsub_pd(a, b, c); }   /* a b - c */
INLINE vec v_fnma(vec a, vec b, vec c) { return _mm512_fnmadd_pd(a, b, c); } /* c - a b */
/* the smaller of the two, or `b` if one is NaN */
INLINE vec v_min(vec a, vec b) { return _mm512_min_pd(a, b); }
INLINE vec v_max(vec a, vec b) { return _mm512_max_pd(a, b); }
/* `a` where x is a number, else 0 */
INLINE vec v_where_present(vec x, vec a) {
    return _mm512_maskz_mov_pd(_mm512_cmp_pd_mask(x, x, _CMP_ORD_Q), a);
}
INLINE int v_any_nan(vec x) { return _mm512_cmp_pd_mask(x, x, _CMP_UNORD_Q) != 0; }
/* whether every lane is 0, NaN, or of a size between the bounds */
INLINE int v_all_regular(vec x, vec low, vec high) {
    vec size = _mm512_abs_pd(x);
    __mmask8 there = _mm512_cmp_pd_mask(x, _mm512_setzero_pd(), _CMP_NEQ_OQ);
    __mmask8 small = _mm512_mask_cmp_pd_mask(there, size, low, _CMP_LT_OQ);
    return (small | _mm512_cmp_pd_mask(size, high, _CMP_GT_OQ)) == 0;
}
/* `a`, negative wherever `sign` is */
INLINE vec v_take_sign(vec a, vec sign) {
    return _mm512_or_pd(a, _mm512_and_pd(sign, _mm512_set1_pd(-0.0)));
}
/* `yes` where a < b, or a = b, else `no` */
INLINE vec v_where_less(vec a, vec b, vec yes, vec no) {
    return _mm512_mask_mov_pd(no, _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ), yes);
}
INLINE vec v_where_equal(vec a, vec b, vec yes, vec no) {
    return _mm512_mask_mov_pd(no, _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ), yes);
}
INLINE vec v_from_floats(const float *p) { return _mm512_cvtps_pd(_mm256_loadu_ps(p)); }
INLINE void v_to_floats(float *p, vec a) { _mm256_storeu_ps(p, _mm512_cvtpd_ps(a)); }

#elif VARIANT_LANES == 4
#define V 4
typedef __m256d vec;
INLINE vec v_load(const double *p) { return _mm256_loadu_pd(p); }
INLINE void v_store(double *p, vec a) { _mm256_storeu_pd(p, a); }
INLINE vec v_set(double a) { return _mm256_set1_pd(a); }
INLINE vec v_pick(const double *p, const int32_t *i) { return _mm256_set_pd(p[i[3]], p[i[2]], p[i[1]], p[i[0]]); }
INLINE vec v_add(vec a, vec b) { return _mm256_add_pd(a, b); }
INLINE vec v_sub(vec a, vec b) { return _mm256_sub_pd(a, b); }
INLINE vec v_mul(vec a, vec b) { return _mm256_mul_pd(a, b); }
INLINE vec v_div(vec a, vec b) { return _mm256_div_pd(a, b); }
INLINE vec v_fma(vec a, vec b, vec c) { return _mm256_fmadd_pd(a, b, c); }
INLINE vec v_fms(vec a, vec b, vec c) { return _mm256_fmsub_pd(a, b, c); }
INLINE vec v_fnma(vec a, vec b, vec c) { return _mm256_fnmadd_pd(a, b, c); }
INLINE vec v_min(vec a, vec b) { return _mm256_min_pd(a, b); }
INLINE vec v_max(vec a, vec b) { return _mm256_max_pd(a, b); }
INLINE vec v_where_present(vec x, vec a) {
    return _mm256_and_pd(_mm256_cmp_pd(x, x, _CMP_ORD_Q), a);
}
INLINE int v_any_nan(vec x) { return _mm256_movemask_pd(_mm256_cmp_pd(x, x, _CMP_UNORD_Q)) != 0; }
INLINE int v_all_regular(vec x, vec low, vec high) {
    vec zero = _mm256_setzero_pd(), size = _mm256_andnot_pd(_mm256_set1_pd(-0.0), x);
    vec small = _mm256_and_pd(_mm256_cmp_pd(size, low, _CMP_LT_OQ), _mm256_cmp_pd(x, zero, _CMP_NEQ_OQ));
    return _mm256_movemask_pd(_mm256_or_pd(small, _mm256_cmp_pd(size, high, _CMP_GT_OQ))) == 0;
}
INLINE vec v_take_sign(vec a, vec sign) {
    return _mm256_or_pd(a, _mm256_and_pd(sign, _mm256_set1_pd(-0.0)));
}
INLINE vec v_where_less(vec a, vec b, vec yes, vec no) {
    return _mm256_blendv_pd(no, yes, _mm256_cmp_pd(a, b, _CMP_LT_OQ));
}
INLINE vec v_where_equal(vec a, vec b, vec yes, vec no) {
    return _mm256_blendv_pd(no, yes, _mm256_cmp_pd(a, b, _CMP_EQ_OQ));
}
INLINE vec v_from_floats(const float *p) { return _mm256_cvtps_pd(_mm_loadu_ps(p)); }
INLINE void v_to_floats(float *p, vec a) { _mm_storeu_ps(p, _mm256_cvtpd_ps(a)); }

#else
#define V 1
typedef double vec;
INLINE vec v_load(const double *p) { return *p; }
INLINE void v_store(double *p, vec a) { *p = a; }
INLINE vec v_set(double a) { return a; }
INLINE vec v_pick(const double *p, const int32_t *i) { return p[*i]; }
INLINE vec v_add(vec a, vec b) { return a + b; }
INLINE vec v_sub(vec a, vec b) { return a - b; }
INLINE vec v_mul(vec a, vec b) { return a * b; }
INLINE vec v_div(vec a, vec b) { return a / b; }
INLINE vec v_fma(vec a, vec b, vec c) { return fma(a, b, c); }
INLINE vec v_fms(vec a, vec b, vec c) { return fma(a, b, -c); }
INLINE vec v_fnma(vec a, vec b, vec c) { return fma(-a, b, c); }
INLINE vec v_min(vec a, vec b) { return a < b ? a : b; }
INLINE vec v_max(vec a, vec b) { return a > b ? a : b; }
INLINE vec v_where_present(vec x, vec a) { return x == x ? a : 0.0; }
INLINE int v_any_nan(vec x) { return x != x; }
INLINE vec v_where_less(vec a, vec b, vec yes, vec no) { return a < b ? yes : no; }
INLINE vec v_where_equal(vec a, vec b, vec yes, vec no) { return a == b ? yes : no; }
INLINE vec v_from_floats(const float *p) { return (double)*p; }
INLINE void v_to_floats(float *p, vec a) { *p = (float)a; }
#endif

/* Whether fma is one instruction; otherwise it is a function call, and splitting is faster. */
#if V > 1 || defined(__aarch64__) || defined(_M_ARM64) || defined(__FMA__)
#define HAS_FMA 1
#else
#define HAS_FMA 0
#endif

/* The error of p = fl(a * b). */
INLINE double rounding_error(double a, double b, double p) {
#if HAS_FMA
    return fma(a, b, -p);
#else
    return product_error(a, b, p);
#endif
}

INLINE vec v_product_error(vec a, vec b, vec p) {
#if HAS_FMA
    return v_fms(a, b, p);
#else
    return product_error(a, b, p);
#endif
}

/* Four doubles, in any variant. */
#if V > 1
typedef __m256d quad;
INLINE quad q_load(const double *p) { return _mm256_loadu_pd(p); }
INLINE void q_store(double *p, quad a) { _mm256_storeu_pd(p, a); }
INLINE quad q_set(double a) { return _mm256_set1_pd(a); }
INLINE quad q_four(double a, double b, double c, double d) { return _mm256_set_pd(d, c, b, a); }
INLINE quad q_add(quad a, quad b) { return _mm256_add_pd(a, b); }
INLINE quad q_sub(quad a, quad b) { return _mm256_sub_pd(a, b); }
INLINE quad q_mul(quad a, quad b) { return _mm256_mul_pd(a, b); }
INLINE quad q_min(quad a, quad b) { return _mm256_min_pd(a, b); }
INLINE quad q_product_error(quad a, quad b, quad p) { return _mm256_fmsub_pd(a, b, p); }
/* the first two of a, then the last two of b */
INLINE quad q_halves(quad a, quad b) { return _mm256_blend_pd(a, b, 12); }
/* a, with the second of b */
INLINE quad q_take_second(quad a, quad b) { return _mm256_blend_pd(a, b, 2); }
#else
typedef struct {
    double at[4];
} quad;
INLINE quad q_four(double a, double b, double c, double d) {
    quad q = {{a, b, c, d}};
    return q;
}
INLINE quad q_load(const double *p) { return q_four(p[0], p[1], p[2], p[3]); }
INLINE void q_store(double *p, quad a) { memcpy(p, a.at, sizeof a.at); }
INLINE quad q_set(double a) { return q_four(a, a, a, a); }
#define EACH_OF_FOUR(NAME, OF)                                                                \
    INLINE quad NAME(quad a, quad b) {                                                        \
        return q_four(OF(a.at[0], b.at[0]), OF(a.at[1], b.at[1]), OF(a.at[2], b.at[2]), OF(a.at[3], b.at[3])); \
    }
EACH_OF_FOUR(q_add, v_add)
EACH_OF_FOUR(q_sub, v_sub)
EACH_OF_FOUR(q_mul, v_mul)
EACH_OF_FOUR(q_min, v_min)
INLINE quad q_product_error(quad a, quad b, quad p) {
    return q_four(rounding_error(a.at[0], b.at[0], p.at[0]), rounding_error(a.at[1], b.at[1], p.at[1]),
                  rounding_error(a.at[2], b.at[2], p.at[2]), rounding_error(a.at[3], b.at[3], p.at[3]));
}
INLINE quad q_halves(quad a, quad b) { return q_four(a.at[0], a.at[1], b.at[2], b.at[3]); }
INLINE quad q_take_second(quad a, quad b) { return q_four(a.at[0], b.at[1], a.at[2], a.at[3]); }
#endif
