/* The kernels for any machine. */

#define VARIANT base
#define VARIANT_LANES 1
#include "variant.inc"
