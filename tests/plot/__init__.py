"""Figures."""


def labels(axes):
    """What a legend says."""
    return [text.get_text() for text in axes.get_legend().get_texts()]
