"""Quadrature, interpolation, and decomposition of families of functions."""
