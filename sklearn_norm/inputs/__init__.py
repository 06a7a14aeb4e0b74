"""Inputs: X read once into a table, its columns, weights, parameters and other arguments."""
