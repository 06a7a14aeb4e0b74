"""Estimators as JSON: one file that any language reads and that runs no code."""
