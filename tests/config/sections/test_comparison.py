"""[comparison]: how a model is held against data."""

from skycocoon import Region
from skycocoon.config import load_file


def test_mask_instead_of_factor():
    loaded = load_file(
        "paper", {"comparison.mask_factor": {}, "comparison.mask": {"LHAASO-KM2A 2023 inner": "lhaaso-inner-masked"}}
    )
    assert loaded.comparison.mask["lhaaso-inner"] == Region.named("lhaaso-inner-masked")
    assert load_file("paper").comparison.mask == {}
