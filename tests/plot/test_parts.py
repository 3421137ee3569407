"""Parts of a model, looked at alone."""

import matplotlib.pyplot as plt
import pytest

from skycocoon import Absorption, load_model

from . import labels


@pytest.mark.parametrize("part", ["sea", "gas", "absorption"])
def test_parts_of_a_model_can_be_looked_at(part):
    model = load_model("base-min")
    diffuse = model.components[0]
    axes = {
        "sea": lambda: diffuse.sea.plot(),
        "gas": lambda: diffuse.gas.plot(model.sun),
        "absorption": lambda: Absorption().plot(model.sun),
    }[part]()
    assert axes.get_xlabel()
    assert axes.get_ylabel()
    assert len(labels(axes)) >= 4
    plt.close("all")
