"""Compiled loops: floats and arrays in, arrays out. Imports nothing of ours and no astropy, healpy or scipy."""
