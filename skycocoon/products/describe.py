"""A model in words."""

from __future__ import annotations

from ..emission import GalaxyModel


def describe_lines(model: GalaxyModel) -> list[str]:
    """What a model's components and its absorption are, with their derived numbers, line by line."""
    lines = []
    for component in model.components:
        lines += component.describe()
    return [*lines, *model.absorption.describe()]


def describe(model: GalaxyModel) -> str:
    """What a model holds, with its derived numbers."""
    return "\n".join([f"Sun at R = {model.sun.radius:g}, z = {model.sun.height:g}", *describe_lines(model)])
