"""Quadrature, and decomposition of families of functions."""
