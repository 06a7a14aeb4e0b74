"""Estimators as JSON: a file that any language can read and that runs no code."""
