"""The tensor norms: a choice of axes each. No norm knows another."""
