"""The way from and to other libraries: one mixin for each, with two hooks per class."""
