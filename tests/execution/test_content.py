"""Digests of what objects hold."""

import subprocess
import sys

import astropy.units as u
import numpy as np
import pytest

from skycocoon import Region
from skycocoon.execution import content_digest


def different(*things):
    return len({content_digest(thing) for thing in things}) == len(things)


def test_equal_content_has_an_equal_digest():
    assert content_digest({"a": 1, "b": [2.0]}) == content_digest({"b": (2.0,), "a": 1})
    assert content_digest(np.arange(6)[::2]) == content_digest(np.array([0, 2, 4]))
    assert content_digest(Region.named("lhaaso-inner")) == content_digest(Region.named("lhaaso-inner"))


def test_other_content_has_another_digest():
    assert different(1, 1.0, "1", True, None, b"1", [1], [[1]], ["1"], {"1": None})
    assert different(["ab", "c"], ["a", "bc"], ["abc"], [["ab"], "c"])
    assert different([1.0, 2.0] * u.TeV, [1.0, 2.0] * u.GeV, [1.0, 2.0], np.array([1.0, 2.0]), np.array([1, 2]))
    assert different(np.zeros((2, 3)), np.zeros((3, 2)), np.zeros(6))
    assert different(0.1 + 0.2, 0.3)
    assert different(content_digest, different)


def test_masks_differ_by_their_pixels():
    """A mask is known by what it holds, not by its file."""
    one, other = np.zeros(48), np.zeros(48)
    one[3], other[4] = 1, 1
    assert different(Region.mask(one), Region.mask(other))


def test_the_digest_is_the_same_in_another_process():
    """Also where Python hashes texts differently."""
    code = "from skycocoon import Region; from skycocoon.execution import content_digest as d; print(d(Region.named('lhaaso-inner-masked')))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == content_digest(Region.named("lhaaso-inner-masked"))


def test_what_has_no_digest_is_refused():
    with pytest.raises(TypeError, match="no digest of object"):
        content_digest([object()])
    with pytest.raises(TypeError, match="array of object"):
        content_digest(np.array([None]))
