"""Surfaces in space: their cells, and what each sees in its own tangent plane."""
