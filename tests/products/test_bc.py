"""Boron over carbon on paper: the table is the model's ratio, chi-squares are counted above 8 GV."""

import astropy.units as u
import numpy as np
import pytest
from astropy.table import QTable

from skycocoon import InputError
from skycocoon.config import load_file
from skycocoon.measured import RatioMeasurement, list_ratios, load_data, ratio_panels
from skycocoon.nuclei import plot_grid
from skycocoon.products.bc import RATIOS, chi_squares, data_of, default_energies, draw, table

XC = "components.cocoons.grammage.normalisation"


@pytest.fixture(scope="module")
def paper():
    return load_file("paper")


@pytest.mark.parametrize(("unit", "column"), [(u.GeV, "energy"), (u.TeV, "energy"), (u.GV, "rigidity")])
def test_table(paper, unit, column):
    x = ([10.0, 100.0, 1000.0] * (u.GeV if column == "energy" else u.GV)).to(unit)
    found = table(paper, x)
    assert found.colnames == [column, "ratio"]
    assert found[column].unit == unit
    np.testing.assert_array_equal(found["ratio"], paper.nuclei.ratio(x))
    assert found.meta["model"] == "paper"
    assert "modulated" in found.meta["quantity"]
    assert "X_c" in found.meta["nuclei"] or "0.4" in found.meta["nuclei"]


@pytest.mark.parametrize("quantity", ["B/O", "C/O", "N/C"])
def test_other_ratios(paper, quantity):
    """The same slab: boron over oxygen, and whatever else there is of B, C, N and O."""
    x = [10.0, 1000.0] * u.GV
    found = table(paper, x, quantity)
    np.testing.assert_array_equal(found["ratio"], paper.nuclei.ratio(x, *quantity.split("/")))
    assert found.meta["quantity"] == f"{quantity} at the Earth, modulated"
    over, under = (paper.nuclei.ratio(x, symbol, "C") for symbol in quantity.split("/"))
    np.testing.assert_allclose(found["ratio"], over / under, rtol=1e-12)


def test_data_of_a_ratio(paper):
    """Those of the fit, if there are any of that ratio; else those that are shipped for it."""
    assert [item.name for item in data_of(paper)] == list(RATIOS)
    oxygen = data_of(paper, quantity="B/O")
    assert [item.name for item in oxygen] == ["bo-ams02-2021", "bo-dampe-2022"]
    assert data_of(paper, quantity="N/O") == []
    fitted = load_file("fit-bc", {"fit.data": ["bc-ams02-2021", "bo-dampe-2022"], "fit.normalisations": {}})
    assert [item.name for item in data_of(fitted, quantity="B/O")] == ["bo-dampe-2022"]
    assert [item.name for item in data_of(fitted)] == ["bc-ams02-2021"]
    with pytest.raises(InputError, match="bc-pamela-2014: is B/C, B/O is needed"):
        data_of(paper, ["bc-pamela-2014"], "B/O")


def test_oxygen_follows_from_the_fit_to_carbon():
    """B/O was not fitted: the network makes it with the errors of AMS-02, from its own sources and spallation."""
    nuclei = load_file("fit-bc").nuclei
    chi2, points = chi_squares(nuclei, data_of(load_file("paper"), quantity="B/O"))["bo-ams02-2021"]
    assert points == 53
    assert chi2 < points


def test_figure_of_another_ratio(paper, tmp_path):
    axes = paper.nuclei.plot([RatioMeasurement.named("bo-dampe-2022")])
    assert axes.get_ylabel() == "B/O"
    x, ratio = paper.nuclei.curves(quantity="B/O")["model"]
    np.testing.assert_array_equal(ratio, paper.nuclei.ratio(x, "B", "O"))
    drawn = {line.get_label(): line.get_ydata() for line in axes.get_lines()}
    np.testing.assert_allclose(drawn["model"], ratio)
    assert paper.nuclei.plot(quantity="N/O").get_ylabel() == "N/O"
    with pytest.raises(InputError, match="bo-dampe-2022 is B/O, B/C is drawn"):
        paper.nuclei.plot([RatioMeasurement.named("bo-dampe-2022")], quantity="B/C")
    draw(paper, [], tmp_path / "no.png", "N/O")
    assert (tmp_path / "no.png").read_bytes().startswith(b"\x89PNG")


def test_energies_by_default():
    x = default_energies()
    np.testing.assert_allclose(x.to_value(u.GeV), 10 ** np.arange(0, 4.01, 0.25), rtol=1e-12)


def test_chi_squares_above_8_gv(paper):
    """8 GV are 3.17 GeV per nucleon for A/Z = 2."""
    items = [RatioMeasurement.named(name) for name in (*RATIOS, "bc-ams02-2021")]
    found = chi_squares(paper.nuclei, items)
    assert list(found) == [item.name for item in items]
    for item in items:
        used = item.x.value >= (8 if item.in_rigidity else 3.17)
        pulls = item.pulls(paper.nuclei.ratio(item.x))[used]
        assert found[item.name] == (pytest.approx(float(pulls @ pulls), rel=1e-10), int(used.sum()))


def test_without_cocoons_the_papers_transport_is_near_the_data(paper):
    """It was fitted without them (crams); with X_c = 0.4 it makes too much boron, as the preset says."""
    items = [RatioMeasurement.named(name) for name in RATIOS]
    with_cocoons = chi_squares(paper.nuclei, items)
    without = chi_squares(load_file("paper", {XC: "0 g cm-2"}).nuclei, items)
    assert sum(chi2 for chi2, _ in with_cocoons.values()) > 1000 > 5 * sum(chi2 for chi2, _ in without.values())
    for name in RATIOS:
        assert without[name][0] < with_cocoons[name][0]
    assert np.all(paper.nuclei.ratio(items[1].x) > items[1].value)


def test_curves(paper):
    found = paper.nuclei.curves(in_rigidity=False)
    assert list(found) == ["model", "same transport, no cocoons"]
    x, ratio = found["model"]
    np.testing.assert_array_equal(ratio, paper.nuclei.ratio(x))
    none = found["same transport, no cocoons"][1]
    np.testing.assert_allclose(none, load_file("paper", {XC: "0 g cm-2"}).nuclei.ratio(x), rtol=1e-12)
    # grammage adds boron, and more of it in comparison where Galactic grammage is small
    assert np.all(ratio > none)
    low, high = (np.argmin(np.abs(x.value - at)) for at in (10.0, 1000.0))
    assert ratio[high] / none[high] > ratio[low] / none[low]
    assert paper.nuclei.curves(in_rigidity=True)["model"][0].unit == u.GV
    assert list(load_file("base-min").nuclei.curves(in_rigidity=False)) == ["model"]


def test_figure(paper, tmp_path):
    path = tmp_path / "bc.svg"
    draw(paper, [RatioMeasurement.named(name) for name in RATIOS], path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<?xml")
    draw(paper, [RatioMeasurement.named("bc-ams02-2021")], tmp_path / "rigidity.png")
    assert (tmp_path / "rigidity.png").read_bytes().startswith(b"\x89PNG")


def test_energies_and_rigidities_are_side_by_side(paper, tmp_path):
    items = [RatioMeasurement.named(name) for name in ("bc-ams02-2021", "bc-ams02-2018", "bc-dampe-2022")]
    panels = ratio_panels(paper.nuclei.curves, items)
    assert list(panels) == ["data in rigidity", "data in energy per nucleon"]
    assert [[item.name for item in data] for _, data in panels.values()] == [
        ["bc-ams02-2021"], ["bc-ams02-2018", "bc-dampe-2022"]
    ]  # fmt: skip
    for (drawn, data), unit in zip(panels.values(), (u.GV, u.GeV), strict=True):
        assert list(drawn) == ["model", "same transport, no cocoons"]
        x, ratio = drawn["model"]
        assert x.unit == unit == data[0].x.unit
        np.testing.assert_array_equal(ratio, paper.nuclei.ratio(x))
    # one kind needs no title
    assert list(ratio_panels(paper.nuclei.curves, items[1:])) == [""]
    draw(paper, items, tmp_path / "bc.svg")
    assert (tmp_path / "bc.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_curves_cover_the_data():
    """CALET and AMS-02 begin below 1 GeV per nucleon; ratios have a least rigidity of 1 GV."""
    for name in list_ratios():
        item = RatioMeasurement.named(name)
        if item.quantity == "B/C":
            assert plot_grid(item.in_rigidity)[0] <= max(item.x.min(), 1.0 * u.GV if item.in_rigidity else 0.3 * u.GeV)
            assert plot_grid(item.in_rigidity)[-1] > item.x.max()


def test_a_ratio_is_needed(tmp_path):
    assert load_data("bc-pamela-2014", "B/C").quantity == "B/C"
    with pytest.raises(InputError, match="lhaaso-km2a-2023-inner: is a spectrum of gammas, B/C is needed"):
        load_data("lhaaso-km2a-2023-inner", "B/C")
    with pytest.raises(InputError, match="unknown data set 'bc-pamela'; did you mean 'bc-pamela-2014'"):
        load_data("bc-pamela", "B/C")
    mine = QTable({"energy": [10.0] * u.GeV, "ratio": [0.3], "ratio_err": [0.01]}, meta={"quantity": "N/O"})
    mine.write(tmp_path / "mine.ecsv", format="ascii.ecsv")
    with pytest.raises(InputError, match=r"mine\.ecsv: is N/O, B/C is needed"):
        load_data(str(tmp_path / "mine.ecsv"), "B/C")
