"""A model in words."""

from __future__ import annotations

from ..emission import GalaxyModel


def describe_lines(model: GalaxyModel) -> list[str]:
    """Describe components and absorption of a model, with the numbers derived from them, line by line."""
    lines = []
    for component in model.components:
        lines += component.describe()
    return [*lines, *model.absorption.describe()]


def describe(model: GalaxyModel) -> str:
    """Describe a model: the Sun, components and absorption, with the numbers derived from them."""
    return "\n".join([f"Sun at R = {model.sun.radius:g}, z = {model.sun.height:g}", *describe_lines(model)])
