"""What a fit writes: that its tables say what was found, and that its best model is one."""

import importlib.util
import re

import astropy.units as u
import numpy as np
import pytest
from astropy.table import QTable, Table

from skycocoon import InputError
from skycocoon.config import load_file
from skycocoon.inference import NORMALISATION
from skycocoon.modelfit import prepare, solve
from skycocoon.products.fit.fit import fit_model

XC, CUTOFF, DELTA = "components.cocoons.grammage.normalisation", "components.cocoons.grammage.cutoff", "transport.delta"
OUTER = "lhaaso-km2a-2023-outer"
DAMPE = "bc-dampe-2022"
SMALL = {
    "maps.energies": {"from": "10 GeV", "to": "10 PeV", "per_decade": 4},
    "fit": {
        "data": [DAMPE, "bc-ams02-2021", OUTER],
        "parameters": {
            XC: {"bounds": ["0 g cm-2", "1.5 g cm-2"]},
            CUTOFF: {"bounds": ["10 TV", "1 PV"]},
            DELTA: {"bounds": [0.4, 0.8]},
        },
        "normalisations": {DAMPE: 0.05},
        "ranges": {DAMPE: {"from": "8 GV"}, "bc-ams02-2021": {"from": "8 GV"}},
        "profiles": [XC],
        "starts": 2,
    },
    "sampling": {"walkers": 12, "steps": 60, "burn": 20, "thin": 2, "seed": 3},
}
TINY = {**SMALL, "fit": {"data": [DAMPE], "parameters": {XC: {"bounds": ["0 g cm-2", "1.5 g cm-2"]}}}}
del TINY["sampling"]
FIGURES = ("pulls", "correlation", "profile-grammage-normalisation", "corner", "bc", "gamma-lhaaso-outer")
FILES = {
    "fit.ecsv", "covariance.ecsv", "points.ecsv", "best.toml", "summary.txt", "starts.ecsv", "posterior.ecsv", "chain.fits",
    "profile-grammage-normalisation.ecsv", *(f"figures/{name}.png" for name in FIGURES),
}  # fmt: skip


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    out = tmp_path_factory.mktemp("fit") / "out"
    run, paths = fit_model(load_file("fit-bc", SMALL), out, rtol=1e-2)
    return out, run, paths


def table(done, name):
    return Table.read(done[0] / name, format="ascii.ecsv")


@pytest.mark.slow
def test_all_files_and_no_others(done):
    out, _, paths = done
    assert {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()} == FILES
    assert {str(path.relative_to(out)) for path in paths} == FILES
    for name in FIGURES:
        assert (out / f"figures/{name}.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_best_values(done):
    _, run, _ = done
    found = table(done, "fit.ecsv")
    assert found.colnames[:5] == ["parameter", "value", "error_low", "error_high", "unit"]
    assert list(found["parameter"]) == [XC, CUTOFF, DELTA, NORMALISATION + DAMPE] == run.result.names
    assert [str(unit) if unit else "" for unit in found["unit"]] == ["g cm-2", "TV", "", ""]
    for column, array in (("value", run.result.values), ("error_low", run.result.error_low),
                          ("error_high", run.result.error_high)):  # fmt: skip
        np.testing.assert_array_equal(found[column], array)
    assert found.meta["chi2"] == run.result.chi2
    assert found.meta["ndof"] == run.result.ndof
    assert set(found.meta["chi2_by_set"]) == {DAMPE, "bc-ams02-2021", OUTER}
    total = sum(found.meta["chi2_by_set"].values()) + found.meta["chi2_of_priors"]
    assert total == pytest.approx(found.meta["chi2"], rel=1e-12)
    # where it was made, so that it can be made again
    assert found.meta["creator"] == "skycocoon"
    assert any("normalisation" in line for line in found.meta["toml"])


@pytest.mark.slow
def test_covariance(done):
    _, run, _ = done
    found = table(done, "covariance.ecsv")
    assert list(found["parameter"]) == found.colnames[1:] == run.result.names
    matrix = np.array([list(found[name]) for name in run.result.names])
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_allclose(np.sqrt(np.diag(matrix)), run.result.errors, rtol=1e-10)


@pytest.mark.slow
def test_points(done):
    """Every fitted point with its model and pull: chi-square can be added up by hand."""
    _, run, _ = done
    found = table(done, "points.ecsv")
    assert found.colnames == ["data", "axis", "x", "value", "error_low", "error_high", "limit", "model", "pull"]
    sizes = {name: int(np.sum(found["data"] == name)) for name in dict.fromkeys(found["data"])}
    assert sizes == {item.name: len(item) for item in run.result.likelihood.points}
    for name, chi2 in run.result.chi2_by_set.items():
        rows = found[found["data"] == name]
        assert float(np.sum(rows["pull"] ** 2)) == pytest.approx(chi2, rel=1e-12)
        sigma = np.where(rows["model"] > rows["value"], rows["error_high"], rows["error_low"])
        np.testing.assert_allclose(rows["pull"], (rows["value"] - rows["model"]) / sigma, rtol=1e-12)
    axes = {str(row["data"]): str(row["axis"]) for row in found}
    assert axes == {DAMPE: "T [GeV per nucleon]", "bc-ams02-2021": "R [GV]", OUTER: "E [TeV]"}
    # the normalisation of DAMPE is in its model
    ratio = run.best.nuclei.ratio(np.array(found["x"][found["data"] == DAMPE]) * u.GeV)
    np.testing.assert_allclose(
        found["model"][found["data"] == DAMPE], run.result.best[NORMALISATION + DAMPE] * ratio, rtol=1e-9
    )


@pytest.mark.slow
def test_the_best_model_is_one(done):
    out, run, _ = done
    text = (out / "best.toml").read_text(encoding="utf-8")
    assert text.startswith(f"# Best values of a fit: chi-square {run.result.chi2:.2f}")
    loaded = load_file(out / "best.toml")
    again = prepare(loaded, rtol=1e-2)
    best = dict(run.result.best)
    start = {p.name: p.start for p in again.likelihood.parameters}
    for key in (XC, CUTOFF, DELTA):
        assert start[key] == best[key]
    assert again.likelihood.chi2(run.result.values) == pytest.approx(run.result.chi2, rel=1e-10)
    # all else is as it was
    assert loaded.file.fit == load_file("fit-bc", SMALL).file.fit
    assert loaded.model.components[1] == run.problem.loaded.model.components[1]


@pytest.mark.slow
def test_profile(done):
    _, run, _ = done
    found = QTable.read(done[0] / "profile-grammage-normalisation.ecsv", format="ascii.ecsv")
    assert found.colnames == [XC, "chi2", "delta_chi2", CUTOFF, DELTA, NORMALISATION + DAMPE]
    assert found[XC].unit == u.g / u.cm**2
    assert found[CUTOFF].unit == u.TV
    np.testing.assert_allclose(found["chi2"] - run.result.chi2, found["delta_chi2"], atol=1e-9)
    assert np.min(found["delta_chi2"]) > -1e-6
    # each row is a chi-square that anybody can ask for
    likelihood = run.result.likelihood
    for row in (0, len(found) // 2, -1):
        values = [float(getattr(found[name][row], "value", found[name][row])) for name in run.result.names]
        assert likelihood.chi2(values) == pytest.approx(found["chi2"][row], rel=1e-9)


@pytest.mark.slow
def test_starts(done):
    found = table(done, "starts.ecsv")
    assert len(found) == 2
    assert {"chi2", "valid", XC} <= set(found.colnames)
    assert float(np.min(found["chi2"])) == pytest.approx(done[1].result.chi2, abs=0.01)


@pytest.mark.slow
def test_chain(done):
    _, run, _ = done
    found = QTable.read(done[0] / "chain.fits")
    assert found.colnames == [*run.result.names, "log_probability"]
    assert len(found) == 12 * (60 - 20) // 2
    assert found[XC].unit == u.g / u.cm**2
    # minus half of chi-square, within the bounds
    assert np.all((found[XC].value >= 0) & (found[XC].value <= 1.5))
    values = [float(getattr(found[name][7], "value", found[name][7])) for name in run.result.names]
    assert found["log_probability"][7] == pytest.approx(-run.result.likelihood.chi2(values) / 2, rel=1e-9)
    posterior = table(done, "posterior.ecsv")
    assert list(posterior["parameter"]) == run.result.names


@pytest.mark.slow
def test_summary(done):
    text = (done[0] / "summary.txt").read_text(encoding="utf-8")
    run = done[1]
    assert "fit of fit-bc" in text
    assert f"chi2 {run.result.chi2:.2f} for {run.result.ndof} degrees of freedom" in text
    delta = run.nulls[XC].delta[0]
    assert delta > 0
    assert f"Without cocoons (X_c = 0, all else fitted again): chi-square higher by {delta:.1f}" in text
    assert f"Profile of {XC}: 68 % " in text
    assert "2 of 2 starts end here" in text
    # eq. 9: 0.2528 Myr for the paper's 0.4 g/cm2 at n = 1 cm^-3
    time, low, high = map(float, re.search(r"tau_c = ([\d.]+) -([\d.]+) \+([\d.]+) Myr", text).groups())
    assert time == pytest.approx(0.2528 * run.result.best[XC] / 0.4, abs=1e-4)
    assert (low, high) == pytest.approx((run.result.error_low[0] * 0.632, run.result.error_high[0] * 0.632), abs=1e-4)
    assert "(eq. 10)" in text


@pytest.mark.slow
def test_nothing_is_written_over_unless_one_says_so(done):
    out = done[0]
    before = (out / "fit.ecsv").read_bytes()
    with pytest.raises(InputError, match=r"fit\.ecsv: exists already; overwrite=True"):
        fit_model(load_file("fit-bc", TINY), out)
    assert (out / "fit.ecsv").read_bytes() == before


def test_overwrite(tmp_path, undrawn):
    out = tmp_path / "out"
    out.mkdir()
    (out / "fit.ecsv").write_text("old")
    (out / "mine.txt").write_text("mine")
    run, paths = fit_model(load_file("fit-bc", TINY), out, overwrite=True)
    assert "old" not in (out / "fit.ecsv").read_text()
    assert (out / "mine.txt").read_text() == "mine"
    assert {p.name for p in paths} == {
        "fit.ecsv", "covariance.ecsv", "points.ecsv", "best.toml", "summary.txt", "pulls.png", "bc.png"
    }  # fmt: skip
    assert all(path.exists() for path in paths)
    assert run.samples is None
    assert run.profiles == {}


@pytest.mark.parametrize("package", ["emcee", "corner"])
def test_without_the_packages_for_sampling(tmp_path, monkeypatch, package):
    """Said before the fit is made, and nothing is there."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == package else find(name, *more))
    for overrides, sampling in ((SMALL, False), (TINY, True)):
        with pytest.raises(InputError) as error:
            fit_model(load_file("fit-bc", overrides), tmp_path / "out", sampling=sampling)
        assert str(error.value) == f'[sampling]: {package} is not installed; pip install "skycocoon[sampling]"'
    assert not (tmp_path / "out").exists()
    assert solve(prepare(load_file("fit-bc", TINY))).samples is None


@pytest.mark.parametrize(
    ("key", "bounds"),
    [
        ("components.diffuse.column_scale", [0.3, 3.0]),  # shines, but there are no such data
        ("components.cocoons.lifetime", ["0.1 Myr", "1 Myr"]),  # says how large cocoons are, and no more
        ("maps.nside", [64, 256]),
        ("fit.seed", [0, 10]),
    ],
)
def test_a_parameter_that_the_data_do_not_see(tmp_path, key, bounds):
    overrides = {**TINY, "fit": {"data": [DAMPE], "parameters": {XC: SMALL["fit"]["parameters"][XC], key: {"bounds": bounds}},
                                 "seed": 1}}  # fmt: skip
    with pytest.raises(
        InputError, match=rf"fit-bc: fit\.parameters\.{key}: nothing that is predicted .* changes with it"
    ):
        fit_model(load_file("fit-bc", overrides), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_parameter_that_is_seen_only_elsewhere():
    """The cut-off of a grammage that is zero where the fit starts."""
    overrides = {**TINY, XC: "0 g cm-2"}
    overrides["fit"] = {**TINY["fit"], "parameters": {key: SMALL["fit"]["parameters"][key] for key in (XC, CUTOFF)}}
    run = solve(prepare(load_file("fit-bc", overrides)))
    assert run.result.best[XC] > 0.1


def test_values_at_a_bound(tmp_path, undrawn):
    """Transport without room for cocoons: X_c ends at 0, is marked, and there is no confinement time to speak of."""
    overrides = {**TINY, "transport.diffusion": "1.2e28 cm2 s-1"}
    run, _ = fit_model(load_file("fit-bc", overrides), tmp_path / "out")
    assert run.result.best[XC] == 0.0
    found = Table.read(tmp_path / "out/fit.ecsv", format="ascii.ecsv")
    assert list(found["at_bound"]) == [True]
    text = (tmp_path / "out/summary.txt").read_text(encoding="utf-8")
    assert "at its bound" in text
    assert "tau_c = 0.0000 Myr" in text
    assert load_file(tmp_path / "out/best.toml").nuclei.grammage.normalisation == 0 * u.g / u.cm**2
