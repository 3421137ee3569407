"""Grammage in a cocoon: its laws as text, and refusals."""

import astropy.units as u
import numpy as np
import pytest

from skycocoon import ConstantGrammage, DiffusiveGrammage, ExponentialGrammage, InputError

X = u.g / u.cm**2


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ConstantGrammage(-1 * X), "out of range"),
        (lambda: ConstantGrammage(1 * u.g), "unit like 'g / cm2'"),
        (lambda: ExponentialGrammage(0.4 * X, 0 * u.TV), "out of range"),
        (lambda: ExponentialGrammage(0.4 * X, np.nan * u.TV), "finite"),
        (lambda: DiffusiveGrammage(0.4 * X, 1 * u.TV, 0.0), "delta"),
        (lambda: DiffusiveGrammage(0.4 * X, 1 * u.TV, np.nan), "delta"),
    ],
)
def test_refusals(make, words):
    with pytest.raises(InputError, match=words):
        make()


def test_text():
    assert str(ExponentialGrammage()) == "X_c = 0.4 g / cm2 exp(-R/100 TV)"
    assert "^0.5" in str(DiffusiveGrammage())
    assert "min" in str(DiffusiveGrammage(sharp=True))
