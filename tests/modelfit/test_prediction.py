"""Predictions at the data are those of every other command, only faster: nothing is computed twice."""

import astropy.units as u
import numpy as np
import pytest

import skycocoon.kernels.slab
from skycocoon import InputError, Measurement, Region, SkyMap, intensity_map, region_sed
from skycocoon.config import load_file
from skycocoon.los.columns import forget_columns, remembered_mean
from skycocoon.measured import RatioMeasurement
from skycocoon.modelfit import prepare
from skycocoon.units import INTENSITY

from .conftest import BC, BOUNDS, COLUMN, DELTA, PHYSICS, RTOL, SKY, XC, fitted, model_of, problem, start_of


def sed_at(loaded, data, energy=None, region=None):
    """Straight from the model, at the energies of the data."""
    energy = np.unique(data.energy.to_value(u.GeV)) * u.GeV if energy is None else energy
    return region_sed(loaded.model, data.messenger, energy, data.region if region is None else region, rtol=RTOL)


def with_energies(data, low):
    return data.energy[data.energy >= low]


@pytest.mark.parametrize("name", SKY)
def test_chi_square_is_that_of_a_comparison(sky, name):
    """`run` interpolates between its nodes; at the data's own energies both are the same number."""
    data, loaded = Measurement.named(name), sky.loaded
    lowest = 10 * u.GeV if data.messenger == "gamma" else 100 * u.GeV
    factor = 0.65 if name == "lhaaso-km2a-2023-inner" else 1.0
    exact = data.compare(sed_at(loaded, data, with_energies(data, lowest)), factor)
    found = sky.likelihood.chi2_by_set(start_of(sky))[name]
    assert found == pytest.approx(exact.chi2, rel=1e-10)
    assert sky.likelihood.pulls(start_of(sky))[name].size == exact.points
    nodes = loaded.maps.energies.nodes()
    as_run = data.compare(sed_at(loaded, data, nodes[nodes >= lowest * (1 - 1e-9)]), factor)
    assert as_run.points == exact.points
    np.testing.assert_allclose(sky.likelihood.pulls(start_of(sky))[name], as_run.pulls, rtol=5e-3, atol=5e-3)


@pytest.mark.parametrize("factor", [0.65, 0.4])
def test_a_mask_factor_is_applied_once_and_to_its_region_alone(factor):
    names = SKY[:3]
    plain = model_of(problem(names, {"comparison.mask_factor": {}}))
    masked = model_of(problem(names, {"comparison.mask_factor": {"lhaaso-inner": factor}}))
    np.testing.assert_allclose(masked[names[0]], factor * plain[names[0]], rtol=1e-12)
    for name in names[1:]:
        np.testing.assert_array_equal(masked[name], plain[name])


@pytest.mark.slow
def test_a_mask_is_the_mean_over_what_it_leaves():
    masked = Region.named("lhaaso-inner-masked")
    comparison = {"comparison.mask_factor": {}, "comparison.mask": {"lhaaso-inner": "lhaaso-inner-masked"}}
    made = problem(SKY[:1], comparison)
    data = Measurement.named(SKY[0])
    sed = sed_at(made.loaded, data, region=masked)
    np.testing.assert_allclose(model_of(made)[SKY[0]], sed.at(data.energy).value, rtol=1e-10)
    assert made.likelihood.chi2(start_of(made)) == pytest.approx(data.compare(sed).chi2, rel=1e-10)


def test_a_mask_factor_may_be_fitted():
    key = "comparison.mask_factor.lhaaso-inner"
    made = prepare(
        load_file("paper", {"fit": {"data": SKY[:2], "parameters": {key: {"bounds": [0.1, 1.0]}}}}), rtol=RTOL
    )
    one, two = model_of(made, [0.65]), model_of(made, [0.325])
    np.testing.assert_allclose(one[SKY[0]], 2 * two[SKY[0]], rtol=1e-12)
    np.testing.assert_array_equal(one[SKY[1]], two[SKY[1]])


ENERGY = np.array([1.0, 10.0, 100.0]) * u.TeV
FLUX = INTENSITY * u.sr


@pytest.fixture
def neutrinos(data_file):
    """The same invented measurement in other words: per flavour or all flavours, per steradian or of the whole region."""
    region = Region.named("icecube-allsky")
    loaded = load_file("paper")
    sed = region_sed(loaded.model, "neutrino", ENERGY, region, rtol=RTOL)
    intensity = sed.at(ENERGY) * [0.8, 1.1, 1.0]

    def write(name, flavours=1.0, whole=False, flavour="per-flavour", **more):
        value = intensity * flavours * (region.solid_angle if whole else 1.0)
        columns = {"e_ref": ENERGY, "dnde": value, "dnde_err": 0.1 * value, **more}
        return data_file(name, columns, messenger="neutrino", flavour=flavour, region="icecube-allsky", events=name)

    return write


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(("flavours", "flavour"), [(1.0, "per-flavour"), (3.0, "all-flavour")])
def test_flavours_and_fluxes(neutrinos, flavours, flavour, whole):
    """The model is turned into what was measured, so that its pulls are the same in all words."""
    path = neutrinos("mine", flavours, whole, flavour)
    made = problem([path])
    pulls = made.likelihood.pulls(start_of(made))["mine"]
    # data - model = (0.8 - 1)/0.08, (1.1 - 1)/0.11, 0 by how the data were made
    np.testing.assert_allclose(pulls[:2], [-2.5, 0.1 / 0.11], rtol=1e-8)
    assert abs(pulls[2]) < 1e-8
    data = Measurement.read(path)
    assert made.likelihood.chi2(start_of(made)) == pytest.approx(data.compare(sed_at(made.loaded, data)).chi2, rel=1e-8)


def test_a_limit_is_a_measurement_of_nothing(neutrinos):
    path = neutrinos("mine", is_ul=np.array([False, False, True]))
    made = problem([path])
    pulls = made.likelihood.pulls(start_of(made))["mine"]
    # The limit is where the model is: 1.645 sigma.
    assert pulls[2] == pytest.approx(-1.6448536269514722, rel=1e-8)
    data = Measurement.read(path)
    np.testing.assert_allclose(pulls, data.compare(sed_at(made.loaded, data)).pulls, rtol=1e-8)


def test_a_band_is_one_number(sky):
    item = next(p for p in sky.likelihood.points if p.name == "icecube-2023-pi0")
    assert item.value.tolist() == [1.0]
    # published: 21.8 -4.9 +5.3
    assert item.error_low[0] == pytest.approx(4.9 / 21.8, rel=0.02)
    assert item.error_high[0] == pytest.approx(5.3 / 21.8, rel=0.02)


def test_absorption_is_in_the_model():
    fields = {"absorption.fields": ["cmb"]}
    made, plain = problem(SKY[:1], fields), problem(SKY[:1])
    data = Measurement.named(SKY[0])
    exact = data.compare(sed_at(made.loaded, data), 0.65)
    assert made.likelihood.chi2(start_of(made)) == pytest.approx(exact.chi2, rel=1e-10)
    ratio = model_of(made)[SKY[0]] / model_of(plain)[SKY[0]]
    assert ratio[0] > 0.99  # the CMB is transparent at 10 TeV
    assert 0.6 < ratio[-1] < 0.95  # and takes a good part at 1 PeV


def test_the_scale_of_a_map_is_free_and_the_map_is_read_once(tmp_path, monkeypatch):
    """A map of the diffuse emission takes its place: column_scale becomes the map's scale."""
    loaded = load_file("paper", {"maps.energies": {"from": "1 TeV", "to": "10 PeV", "per_decade": 5}})
    whole = intensity_map(loaded.model, "gamma", loaded.maps.energies.nodes(), 32, rtol=RTOL)
    path = tmp_path / "diffuse.fits"
    SkyMap(whole.energy, {"diffuse": whole.components["diffuse"]}, "gamma", "", {}).write(path)
    reads, seds = [], []
    read, sed = SkyMap.read, SkyMap.sed
    monkeypatch.setattr(SkyMap, "read", lambda *a, **k: (reads.append(1), read(*a, **k))[1])
    monkeypatch.setattr(SkyMap, "sed", lambda *a, **k: (seds.append(1), sed(*a, **k))[1])
    key = "components.diffuse.scale"
    made = prepare(
        load_file(
            "paper",
            {
                "maps.energies": {"from": "1 TeV", "to": "10 PeV", "per_decade": 5},
                "comparison.variants": {},
                "components.diffuse": {"kind": "map", "file": str(path)},
                "fit": {"data": SKY[:2], "parameters": {XC: BOUNDS[XC], key: {"bounds": [0.0, 5.0]}}},
            },
        ),
        rtol=RTOL,
    )
    made.likelihood.chi2([0.4, 1.0])
    del reads[:], seds[:]
    models = {scale: model_of(made, [0.4, scale]) for scale in (0.0, 1.0, 2.0, 0.5)}
    for name in SKY[:2]:
        per_scale = models[1.0][name] - models[0.0][name]
        assert np.all(per_scale > 0)
        for scale in (2.0, 0.5):
            np.testing.assert_allclose(models[scale][name], models[0.0][name] + scale * per_scale, rtol=1e-10)
    assert reads == seds == []
    # the same as the comparison of that model, and as the component that the map was made of (pixels of 1.8 deg)
    data = Measurement.named(SKY[0])
    twice = load_file("paper", {key: 2.0, "components.diffuse": {"kind": "map", "file": str(path), "scale": 2.0},
                                "comparison.variants": {}})  # fmt: skip
    exact = data.compare(sed_at(twice, data), 0.65)
    assert made.likelihood.chi2_by_set([0.4, 2.0])[SKY[0]] == pytest.approx(exact.chi2, rel=1e-8)
    rays = model_of(problem(SKY[:2]), [2.0])
    np.testing.assert_allclose(models[2.0][SKY[1]], rays[SKY[1]], rtol=0.1)


@pytest.mark.parametrize("name", ["bc-ams02-2018", "bc-ams02-2021", "bc-dampe-2022"])
def test_ratios_in_energy_and_in_rigidity(name):
    made = problem([name], keys=(XC, DELTA))
    data = RatioMeasurement.named(name)
    loaded = load_file("paper", {XC: "0.2 g cm-2", DELTA: 0.6})
    expected = loaded.nuclei.ratio(data.x)
    np.testing.assert_allclose(model_of(made, [0.2, 0.6])[name], expected, rtol=1e-12)
    pulls = data.pulls(expected)
    assert made.likelihood.chi2([0.2, 0.6]) == pytest.approx(pulls @ pulls, rel=1e-10)
    assert made.likelihood.points[0].x_label == ("R [GV]" if name == "bc-ams02-2021" else "T [GeV per nucleon]")


@pytest.fixture
def counted(monkeypatch):
    """How many line-of-sight integrals and networks of nuclei were computed."""
    forget_columns()
    networks, cascade = [], skycocoon.kernels.slab.cascade

    def nuclei(*arguments, **options):
        networks.append(1)
        return cascade(*arguments, **options)

    monkeypatch.setattr(skycocoon.kernels.slab, "cascade", nuclei)
    return lambda: {"columns": remembered_mean.cache_info().misses, "nuclei": len(networks)}


def test_spectra_never_repeat_an_integral(counted, rng):
    """Columns depend on where things are; what shines there is multiplied afterwards."""
    made = fitted(SKY[:3], PHYSICS)
    made.likelihood.chi2(start_of(made))
    # the cocoons' disc and three kinds of gas of the sea, each in two regions and the whole sky at most
    first = counted()["columns"]
    assert first >= 6
    low, high = (np.array([getattr(p, key) for p in made.likelihood.parameters]) for key in ("low", "high"))
    found = {made.likelihood.chi2(low + (high - low) * rng.random(low.size)) for _ in range(10)}
    assert len(found) == 10
    assert counted() == {"columns": first, "nuclei": 0}


def test_a_normalisation_of_gas_multiplies_what_it_should(counted):
    made = fitted(SKY[:1], {COLUMN: [0.1, 10.0], XC: ["0 g cm-2", "1 g cm-2"]})
    none, one, two = (model_of(made, [scale, 0.0])[SKY[0]] for scale in (1.0, 2.0, 4.0))
    np.testing.assert_allclose(one, 2 * none, rtol=1e-12)
    np.testing.assert_allclose(two, 4 * none, rtol=1e-12)


@pytest.fixture
def patch(data_file):
    """Three points in a small part of the sky, where integrals are quick."""
    intensity = [1e-11, 1e-14, 1e-17] * INTENSITY
    columns = {"e_ref": ENERGY, "dnde": intensity, "dnde_err": 0.1 * intensity}
    return data_file("patch", columns, messenger="gamma", region="disc:30,0,2")


@pytest.mark.parametrize(
    ("key", "bounds", "value"),
    [
        ("components.cocoons.disc.height", ["0.05 kpc", "0.2 kpc"], 0.2),
        ("components.diffuse.sea.halo_height", ["3 kpc", "8 kpc"], 7.0),
        ("galaxy.sun_radius", ["8 kpc", "9 kpc"], 8.2),
    ],
)
def test_geometry_integrates_again_and_rightly(counted, patch, key, bounds, value):
    made = fitted([patch], {key: bounds, XC: ["0 g cm-2", "1 g cm-2"]})
    made.likelihood.chi2(start_of(made))
    first = counted()["columns"]
    found = model_of(made, [value, 0.3])
    again = counted()["columns"]
    assert again > first
    loaded = load_file("paper", {key: f"{value} kpc", XC: "0.3 g cm-2"})
    data = Measurement.read(patch)
    np.testing.assert_allclose(found["patch"], sed_at(loaded, data).at(data.energy).value, rtol=1e-10)
    before = model_of(made, [start_of(made)[0], 0.3])["patch"]
    assert np.any(np.abs(found["patch"] / before - 1) > 1e-3)
    # another spectrum in the same place costs nothing, and neither does a place where we were before
    model_of(made, [value, 0.5])
    model_of(made, [start_of(made)[0], 0.5])
    assert counted()["columns"] == again


def test_the_amount_of_dust_may_be_fitted(counted, patch):
    """More dust is another absorber: its columns are integrated once."""
    key, dusty = "absorption.dust_scale", {"absorption.fields": ["cmb", "dust"]}
    made = fitted([patch], {key: [1.0, 1.8], XC: ["0 g cm-2", "1 g cm-2"]}, dusty)
    data = Measurement.read(patch)
    found = model_of(made, [1.8, 0.4])["patch"]
    before = counted()["columns"]
    expected = sed_at(load_file("paper", {**dusty, key: 1.8}), data).at(data.energy).value
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    made.likelihood.chi2([1.8, 0.3])
    assert counted()["columns"] == before > 0


def test_nuclei_are_computed_once_for_what_they_are_made_of(counted):
    """B/C depends on transport and on the cocoons' grammage, the sky does not depend on the transport."""
    keys = {DELTA: [0.3, 0.9], XC: ["0 g cm-2", "1 g cm-2"], COLUMN: [0.1, 10.0]}
    made = fitted([*BC, SKY[1]], keys)
    made.likelihood.chi2([0.5, 0.4, 1.0])
    assert counted()["nuclei"] == 1  # for three data sets in energy and in rigidity
    before = counted()["columns"]
    made.likelihood.chi2([0.6, 0.4, 1.0])
    assert counted() == {"columns": before, "nuclei": 2}
    made.likelihood.chi2([0.6, 0.3, 1.0])
    assert counted() == {"columns": before, "nuclei": 3}


def test_several_cocoons_and_nuclei_of_one(counted):
    young = {"kind": "cocoons", "injection": {"proton": {"efficiency": 0.07, "slope": 4.3}},
             "grammage": {"normalisation": "0.1 g cm-2"}}  # fmt: skip
    two = {"components.young": young, "transport.cocoons": "young"}
    made = fitted(BC, {"components.young.grammage.normalisation": ["0 g cm-2", "1 g cm-2"]}, two)
    alone = fitted(BC, {XC: ["0 g cm-2", "1 g cm-2"]})
    for name in BC:
        np.testing.assert_allclose(model_of(made, [0.3])[name], model_of(alone, [0.3])[name], rtol=1e-12)
    with pytest.raises(InputError, match=r"paper: transport\.cocoons: is missing; which of cocoons, young"):
        fitted(BC, {XC: ["0 g cm-2", "1 g cm-2"]}, {"components.young": young})
