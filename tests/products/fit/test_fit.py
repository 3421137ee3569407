"""What a fit writes: that its tables say what was found, and that its best model is one."""

import importlib.util
import math
import re
from dataclasses import replace

import astropy.units as u
import numpy as np
import pytest
from astropy.table import QTable, Table

from skycocoon import InputError
from skycocoon.config import load_file
from skycocoon.errors import AccuracyWarning
from skycocoon.inference import NORMALISATION, Likelihood, Parameter, fit, profile
from skycocoon.modelfit import prepare, solve
from skycocoon.modelfit.solution import beyond_minos
from skycocoon.points import Points
from skycocoon.products.fit.fit import fit_model
from skycocoon.products.fit.summary import summary

# Chains are kept short here, which is said.
pytestmark = pytest.mark.filterwarnings("ignore:the chain is short:skycocoon.errors.AccuracyWarning")

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


def test_bounds_without_minos_in_every_file(tmp_path, undrawn):
    """No nan anywhere: errors of 0 towards the bound, a row of 0, and the others as if it were held."""
    strength, factor = "transport.break_delta", NORMALISATION + DAMPE
    parameters = {XC: {"bounds": ["0 g cm-2", "1.5 g cm-2"]}, strength: {"bounds": [0.0, 0.2]}}
    overrides = {
        "transport.diffusion": "1.6e28 cm2 s-1",
        "transport.delta": 0.5,
        strength: 0.1,
        "fit": {
            "data": [DAMPE],
            "parameters": parameters,
            "normalisations": {DAMPE: 0.1},
            "minos": False,
            "profiles": [XC],
        },
    }
    run, _ = fit_model(load_file("fit-bc", overrides), tmp_path / "out")
    found = Table.read(tmp_path / "out/fit.ecsv", format="ascii.ecsv")
    assert list(found["parameter"]) == [XC, strength, factor]
    assert list(found["at_bound"]) == [True, True, False]
    assert found["value"][:2].tolist() == [0.0, 0.2]
    assert found["error_low"][0] == found["error_high"][1] == 0.0
    for name, column, sign in ((XC, "error_high", 1), (strength, "error_low", -1)):  # away from it, to chi-square + 1
        index = run.result.names.index(name)
        size = float(found[column][index])
        assert size > 0
        there = profile(run.result, name, [run.result.values[index] + sign * size])
        assert there.delta[0] == pytest.approx(1.0, rel=0.02)
    # The factor n alone is free: its weight is the sum of (model/n error)^2, and that of the prior.
    points = Table.read(tmp_path / "out/points.ecsv", format="ascii.ecsv")
    error = np.where(points["model"] > points["value"], points["error_high"], points["error_low"])
    expected = np.zeros((3, 3))
    expected[2, 2] = 1 / (np.sum((points["model"] / found["value"][2] / error) ** 2) + 1 / 0.1**2)
    covariance = Table.read(tmp_path / "out/covariance.ecsv", format="ascii.ecsv")
    matrix = np.array([list(covariance[name]) for name in run.result.names])
    np.testing.assert_allclose(matrix, expected, rtol=1e-3)
    assert covariance.meta["held at a bound, rows of 0"] == [XC, strength]
    for path in (tmp_path / "out").rglob("*"):
        if path.suffix in {".ecsv", ".txt", ".toml"}:
            assert not re.search(r"\bnan\b", path.read_text(encoding="utf-8")), path


def test_a_fit_that_is_doubtful_says_so(tmp_path, undrawn, monkeypatch):
    """In the summary, in the model file and, for those who read neither, as a warning."""

    def unsure(*arguments, **options):
        return replace(fit(*arguments, **options), valid=False)

    monkeypatch.setattr("skycocoon.modelfit.solution.find_minimum", unsure)
    with pytest.warns(AccuracyWarning, match="the fit has not converged: try --starts"):
        fit_model(load_file("fit-bc", TINY), tmp_path / "out")
    assert "Caution: the fit has not converged" in (tmp_path / "out/summary.txt").read_text(encoding="utf-8")
    assert "NOT CONVERGED" in (tmp_path / "out/best.toml").read_text(encoding="utf-8").splitlines()[0]


@pytest.mark.filterwarnings("ignore::skycocoon.errors.AccuracyWarning")
def test_a_short_chain_and_a_lower_sample_are_said(monkeypatch):
    sampled = {**TINY, "sampling": {"walkers": 8, "steps": 30, "burn": 10}}
    run = solve(prepare(load_file("fit-bc", sampled)))
    assert [line.split(":")[0] for line in run.cautions] == ["the chain is short"]
    lower = replace(run.samples, log_probability=run.samples.log_probability + 1.0)
    doubtful = replace(run, samples=lower)
    assert "a sample has a lower chi-square" in doubtful.cautions[-1]
    assert f"Caution: {doubtful.cautions[-1]}" in summary(doubtful)


def test_ratios_that_share_an_element_are_said():
    """B/C and B/O of the same boron: all is fitted, and the errors are called too small; B/O alone is as good as B/C."""
    alone = solve(prepare(load_file("fit-bc", {**TINY, "fit": {**TINY["fit"], "data": ["bo-dampe-2022"]}})))
    assert alone.cautions == []
    both = solve(prepare(load_file("fit-bc", {**TINY, "fit": {**TINY["fit"], "data": [DAMPE, "bo-dampe-2022"]}})))
    words = f"{DAMPE} and bo-dampe-2022 are of the same data-taking; B counts twice, and errors are too small"
    assert both.cautions == [words]
    index = both.result.names.index(XC)
    assert both.result.errors[index] < 0.8 * alone.result.errors[index]


def test_two_parameters_of_one_normalisation():
    """Gamma rays alone see the grammage times the energy of a supernova."""
    overrides = {
        "maps.energies": SMALL["maps.energies"],
        "fit": {
            "data": [OUTER],
            "parameters": {
                XC: {"bounds": ["0.01 g cm-2", "2 g cm-2"]},
                "components.cocoons.supernova_energy": {"bounds": ["1e50 erg", "1e52 erg"]},
            },
            "minos": False,
        },
    }
    run = solve(prepare(load_file("paper", overrides), rtol=1e-2))
    assert run.result.degenerate == (XC, "components.cocoons.supernova_energy")
    assert np.isfinite(run.result.error_low).all()
    assert np.isfinite(run.result.error_high).all()
    assert "Caution: chi-square cannot tell apart" in summary(run)


def test_no_degrees_of_freedom_and_points_outside_in_words(data_file):
    columns = {"energy": [0.01, 10.0] * u.GeV, "ratio": [0.3, 0.2], "ratio_err": [0.01] * 2}
    path = data_file("mine", columns, quantity="B/C")
    text = summary(solve(prepare(load_file("fit-bc", {**TINY, "fit": {**TINY["fit"], "data": [path]}}))))
    assert "for 0 degrees of freedom" in text
    assert "no p-value: there are not more points and priors than parameters" in text
    assert "mine: 1 more outside the model's energies" in text


def test_the_summary_says_where_minos_stayed_in_its_valley():
    """Two wells, 0 at 0.3 and 0.5 at 0.7, with a wall of more than 1 between them; both widths are 0.1."""

    def predict(p):
        return [np.array(min(([0.0, (p[0] - 0.3) / 0.1], [math.sqrt(0.5), (p[0] - 0.7) / 0.1]), key=np.linalg.norm))]

    data = Points("p", "p", np.ones(2), "x", np.zeros(2), np.ones(2), np.ones(2), np.zeros(2, dtype=bool))
    result = fit(Likelihood((Parameter("a", 0.35, 0.0, 1.0, "kpc"),), (data,), predict))
    assert result.error_high[0] == pytest.approx(0.1, rel=1e-2)
    scan = profile(result, "a", np.linspace(0.0, 1.0, 101))
    # 0.5 + ((a - 0.7)/0.1)^2 = 1.
    line = beyond_minos(result, scan)
    assert re.fullmatch(r"a: the profile has another valley .* MINOS stayed; it goes to 0\.770\d kpc", line)
    assert beyond_minos(result, profile(result, "a", np.linspace(0.1, 0.5, 41))) == ""
    doubtful = replace(solve(prepare(load_file("fit-bc", TINY))), result=result, profiles={"a": scan})
    assert doubtful.cautions == [line]
    text = summary(doubtful)
    assert text.endswith(f"Caution: {line}\n")
    assert re.search(r"^Profile of a: 68 % 0\.2 to 0\.4 and 0\.629\d* to 0\.77\d*, 95 % .* kpc$", text, re.MULTILINE)
