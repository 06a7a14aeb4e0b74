from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sklearn_norm.kernels import double_double as dd

# far enough from the ends of the range that no product over- or underflows
NUMBERS = st.floats(-1e100, 1e100).filter(lambda x: x == 0 or abs(x) > 1e-100)
NONZERO = NUMBERS.filter(lambda x: x != 0)


def doubles(numbers):
    """Build normalised doubles: a float and a tail far below its last bit."""
    tails = st.floats(-1.0, 1.0).filter(lambda x: x == 0 or abs(x) > 1e-30)
    return st.builds(lambda x, t: dd.two_sum(one(x), one(x * t * 2.0**-54)), numbers, tails)


def one(x):
    return np.array([x])


def value(number):
    return Fraction(float(number.high[0])) + Fraction(float(number.low[0]))


def assert_near(actual, expected, scale, bits):
    assert abs(value(actual) - expected) <= abs(scale) * Fraction(1, 2**bits)


@given(a=NUMBERS, b=NUMBERS)
def test_two_sum_is_exact(a, b):
    """high + low is a + b, and high is the float nearest to it."""
    found = dd.two_sum(one(a), one(b))
    assert value(found) == Fraction(a) + Fraction(b)
    assert found.high[0] == a + b


@given(a=NUMBERS, b=NUMBERS)
def test_two_product_is_exact(a, b):
    """high + low is a * b, and high is the float nearest to it."""
    found = dd.two_product(one(a), one(b))
    assert value(found) == Fraction(a) * Fraction(b)
    assert found.high[0] == a * b


@given(a=doubles(NUMBERS), b=doubles(NUMBERS))
def test_add_keeps_a_hundred_bits(a, b):
    """The error of a sum lies below 2**-100 of the larger number."""
    found = dd.add(a, b)
    scale = max(abs(value(a)), abs(value(b)))
    assert_near(found, value(a) + value(b), scale, 100)


@given(a=doubles(NUMBERS))
def test_a_number_less_itself_is_zero(a):
    """Nothing is left of a - a."""
    assert value(dd.add(a, -a)) == 0


@given(a=doubles(NUMBERS), b=doubles(NUMBERS))
def test_multiply_keeps_a_hundred_bits(a, b):
    """The relative error of a product lies below 2**-100."""
    expected = value(a) * value(b)
    assert_near(dd.multiply(a, b), expected, expected, 100)


@given(a=doubles(NUMBERS), b=doubles(NONZERO))
def test_divide_keeps_a_hundred_bits(a, b):
    """The relative error of a quotient lies below 2**-100."""
    expected = value(a) / value(b)
    assert_near(dd.divide(a, b), expected, expected, 100)


@given(a=doubles(NONZERO.map(abs)))
def test_square_root_squares_back(a):
    """The root's square is the number, within 2**-98 of it."""
    root = value(dd.square_root(a))
    assert root > 0
    assert abs(root * root - value(a)) <= value(a) * Fraction(1, 2**98)


def test_square_root_of_zero_is_zero():
    """The root of 0 is 0, without a warning."""
    root = dd.square_root(dd.exact(np.array([0.0, 4.0])))
    assert root.high.tolist() == [0.0, 2.0]
    assert root.low.tolist() == [0.0, 0.0]


@given(a=doubles(NUMBERS), power=st.integers(-50, 50))
def test_scale_by_a_power_of_two_is_exact(a, power):
    """No bit is lost by a power of two."""
    assert value(dd.scale(a, 2.0**power)) == value(a) * Fraction(2) ** power


def test_choose_takes_both_parts_from_one_side():
    """High and low come from the same number."""
    a, b = dd.Double(np.array([1.0, 2.0]), np.array([0.1, 0.2])), dd.exact(np.zeros(2))
    chosen = dd.choose(np.array([True, False]), a, b)
    assert chosen.high.tolist() == [1.0, 0.0]
    assert chosen.low.tolist() == [0.1, 0.0]
