"""Conversion from and to other libraries: one mixin for each."""
