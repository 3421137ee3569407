"""What the commands write and print, recorded, and two recordings compared: the acceptance test of a restructuring.

    python benchmarks/recording.py record FOLDER [--only NAME ...]
    python benchmarks/recording.py compare BEFORE AFTER [--allow PATTERN ...] [--allow-file FILE]

Record the code as it was and the code as it is, each with its checkout first on the path, and compare:

    PYTHONPATH=../before python benchmarks/recording.py record recorded-before
    PYTHONPATH=. python benchmarks/recording.py record recorded-after
    python benchmarks/recording.py compare recorded-before recorded-after --allow-file benchmarks/recording-allowed.txt

Only the command line of skycocoon is used, so that modules, functions and classes may go by any name. A case is a row
of command lines in one folder, at coarse energies and pixels, in a process of its own. What is recorded of each: its
exit code, what it prints, and the files that it writes: headers and arrays of FITS files (without checksums and dates),
columns, units and heads of ECSV tables, other texts as they are, and of figures what is drawn: axes, lines, areas,
images, texts and legends, but no pixels. ECSV on stdout is read as a table. Names of folders and the version of the
package are replaced, and the hash of a model where it depends on the folder. On two slow cores that are otherwise idle
all cases take two minutes.

Two recordings agree if texts are equal to the letter and numbers to 1e-12 of the larger one, also in figures; single
precision in a FITS map shows the last bit of a double at most as 6e-8 and is not excused. Each difference is one line,

    case: command line: file or stream: where in it: what

and those that match a pattern (a regular expression, searched in the line) are allowed. With others the exit code is 1.
A file of patterns has one on each line; empty lines and those that begin with # do not count.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import io
import json
import multiprocessing
import multiprocessing.connection
import os
import pickle
import re
import shlex
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

# Sums of several threads may differ in the last digit; and the width of help is the terminal's.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"
os.environ |= {"MPLBACKEND": "Agg", "COLUMNS": "100", "LINES": "40"}

import numpy as np  # noqa: E402 (once threads are set)

RTOL = 1e-12
# Arrays that are longer than this are kept outside the JSON file.
SHORT = 64
# Cards of a FITS header that may differ although nothing that matters does.
IDLE_CARDS = ("CHECKSUM", "DATASUM", "DATE")

# What is recorded -----------------------------------------------------------------------------------------------------

NODES = """--set 'maps.energies={from="100 GeV",to="10 PeV",per_decade=2}'"""
COARSE = f"--rtol 1e-3 {NODES}"
MODELS = {
    "disc.toml": """
        base = "paper"
        [galaxy]
        sun_height = "15 pc"
        [components.cocoons]
        nearest = "0.3 kpc"
        supernova_interval = "40 yr"
        [components.cocoons.disc]
        profile = "yusifov-kucuk2004"
        vertical = "gaussian"
        height = "0.2 kpc"
        radius = "15 kpc"
        """,
    "gas.toml": """
        base = "base-min"
        [components.diffuse]
        gas = "nakanishi-sofue"
        x_co = "1.5e20 cm-2 K-1 km-1 s"
        ionised = true
        column_scale = 1.2
        helium_abundance = 0.1
        """,
    "sea.toml": """
        base = "base-max"
        [components.diffuse]
        spectra = "lhaaso"
        nuclear = "aafrag"
        [components.diffuse.sea]
        sources = "case-bhattacharya1998"
        halo_height = "6 kpc"
        radius = "15 kpc"
        delta_gradient = "0.035 kpc-1"
        """,
    "grammage.toml": """
        base = "schroer2021"
        [components.cocoons.injection.helium]
        mass_convention = "proton_mass"
        [components.cocoons.grammage]
        law = "diffusive"
        delta = "kraichnan"
        cutoff = "30 TV"
        [interactions]
        helium = "mori2009"
        """,
    "absorption.toml": """
        base = "paper"
        [absorption]
        fields = ["cmb"]
        """,
    "masks.toml": """
        base = "paper"
        [comparison]
        mask = { lhaaso-inner = "lhaaso-inner-masked", lhaaso-outer = "lhaaso-outer-masked" }
        name = "masked"
        variants = { more = { "components.cocoons.grammage.normalisation" = "0.6 g cm-2" } }
        """,
    "other-map.toml": """
        base = "schroer2021"
        [components.other]
        kind = "map"
        file = "../made.fits"
        scale = 0.5
        """,
    "healpy-map.toml": """
        base = "base-min"
        [components.theirs]
        kind = "map"
        file = "healpy.fits"
        unit = "GeV-1 cm-2 s-1 sr-1"
        frame = "galactic"
        energies = ["100 GeV", "10 TeV", "1 PeV"]
        messenger = "gamma"
        outside = "zero"
        """,
    "grid.toml": """
        [components.spiral]
        kind = "cocoons"
        [components.spiral.disc]
        profile = "grid"
        file = "density.npz"
        [components.spiral.injection.proton]
        efficiency = 0.06
        slope = 4.3
        [components.spiral.grammage]
        law = "exponential"
        normalisation = "0.4 g cm-2"
        cutoff = "100 TV"
        """,
    "joint.toml": """
        base = "paper"
        [transport]
        slope_plus_delta = 4.893
        [fit]
        data = ["bc-ams02-2021", "lhaaso-km2a-2023-inner", "icecube-2023-kra5", "points.ecsv"]
        minos = false
        [fit.parameters]
        "components.cocoons.grammage.normalisation" = { bounds = ["0 g cm-2", "1.5 g cm-2"] }
        "components.cocoons.injection.proton.slope" = { bounds = [4.1, 4.5], prior = { mean = 4.31, sigma = 0.02 } }
        "transport.delta" = { bounds = [0.3, 0.9] }
        [fit.normalisations]
        lhaaso-km2a-2023-inner = 0.1
        [fit.ranges]
        bc-ams02-2021 = { from = "8 GV" }
        """,
    "unknown-key.toml": 'base = "paper"\n[components.cocoons.disc]\nheigth = "0.1 kpc"\n',
    "bad-unit.toml": 'base = "paper"\n[components.cocoons.disc]\nheight = "0.1 TeV"\n',
    "no-toml.toml": "base = paper\n",
    "no-kind.toml": '[components.cocoons]\nkind = "cocoon"\n',
    "points.ecsv": """
        # %ECSV 1.0
        # ---
        # datatype:
        # - {name: e_ref, unit: TeV, datatype: float64}
        # - {name: e2dnde, unit: TeV cm-2 s-1 sr-1, datatype: float64}
        # - {name: e2dnde_err, unit: TeV cm-2 s-1 sr-1, datatype: float64}
        # meta: {messenger: gamma, region: lhaaso-outer, label: my points}
        # schema: astropy-2.0
        e_ref e2dnde e2dnde_err
        20.0 2.0e-11 0.4e-11
        50.0 0.9e-11 0.2e-11
        """,
    "ratios.ecsv": """
        # %ECSV 1.0
        # ---
        # datatype:
        # - {name: rigidity, unit: GV, datatype: float64}
        # - {name: ratio, datatype: float64}
        # - {name: ratio_err, datatype: float64}
        # meta: {quantity: B/C, label: my ratios}
        # schema: astropy-2.0
        rigidity ratio ratio_err
        20.0 0.22 0.01
        200.0 0.10 0.01
        """,
    "bad-points.ecsv": """
        # %ECSV 1.0
        # ---
        # datatype:
        # - {name: e_ref, unit: TeV, datatype: float64}
        # - {name: dnde, unit: cm-2 s-1, datatype: float64}
        # meta: {messenger: gamma, region: lhaaso-inner}
        # schema: astropy-2.0
        e_ref dnde
        20.0 7.0e-11
        """,
}

COMMANDS = ("run", "map", "sed", "plot", "bc", "fit", "figures", "init", "check", "show")
PRESETS = ("paper", "paper-max", "base-min", "base-max", "schroer2021", "fit-bc", "fit-joint")


def whole_model(model):
    """What each command makes of a model that shines in both messengers."""
    return f"""
        check {model}
        show {model}
        run {model} --nside 8 {COARSE} --out run
        show run/gamma.fits
        show run/seds.ecsv
        sed {model} --messenger gamma --region lhaaso-inner --energies "1 TeV, 10 TeV, 100 TeV" --rtol 1e-3
        sed {model} --messenger neutrino --region icecube-allsky {COARSE} --out sed.ecsv
        plot {model} --messenger gamma --region lhaaso-outer --data lhaaso-km2a-2023-outer {COARSE} --out sed.png
        bc {model} --energies "10 GeV, 100 GeV, 1 TeV"
        """


CASES = {
    **{name: whole_model(name) for name in ("paper", "paper-max", "base-min", "base-max", "schroer2021")},
    "steps": f"""
        map paper --messenger gamma --nside 16 --energies "1 TeV, 100 TeV" --rtol 1e-3 --out gamma.fits
        map paper --messenger neutrino --nside 8 --flavour all-flavour {COARSE} --out all.fits.gz
        map paper --messenger gamma --nside 8 --energies "1 TeV" --rtol 1e-3 --out gamma.fits --overwrite
        show all.fits.gz
        sed gamma.fits --region tibet-a
        sed all.fits.gz --region icecube-allsky --flavour per-flavour --energies "10 TeV, 20 TeV"
        sed all.fits.gz --region icecube-allsky --out sed.ecsv
        show sed.ecsv
        plot gamma.fits --out map.png
        plot all.fits.gz --energy "30 TeV" --out map.pdf
        plot all.fits.gz --region icecube-allsky --data icecube-2023-pi0 --out sed.svg \
            --flavour per-flavour
        plot paper --messenger neutrino --nside 8 --rtol 1e-3 --out model.png
        plot paper --messenger gamma --region lhaaso-outer --data inputs/points.ecsv {COARSE} --out points.png
        plot paper --messenger gamma --region lhaaso-inner --data lhaaso-km2a-2023-inner --factor 0.65 \
            {COARSE} --out factor.png
        plot paper --messenger gamma --region fermi-lat-2012-inner --data fermi-lat-2012-inner \
            --set 'maps.energies={{from="10 GeV",to="10 TeV",per_decade=3}}' --rtol 1e-3 --out fermi.pdf
        plot paper --part sea --out sea.png
        plot paper --part gas --out gas.png
        plot paper --part absorption --out transparent.png
        plot paper --part absorption --set 'absorption.fields=["cmb","dust"]' --out absorption.png
        run paper --nside 8 {COARSE} --data inputs/points.ecsv --data tibet-asgamma-2021-a --out run --quiet
        run paper --nside 8 {COARSE} --out run --overwrite
        run run/model.toml --nside 8 --rtol 1e-3 --out again
        """,
    "bc": """
        bc paper
        bc paper --energies "10 GV, 100 GV" --data bc-pamela-2014 --out more.pdf
        bc fit-bc --energies "100 GeV/n" --data inputs/ratios.ecsv --data bc-cream-2008 --out own.png
        bc paper-max --energies "1 TeV" --set transport.fragmentation=evoli2019 --set transport.modulation="0 GV"
        bc schroer2021 --energies "1 TeV" --set components.cocoons.grammage.normalisation="0 g cm-2"
        """,
    "figures": """
        figures paper --rtol 1e-2 --out figures
        show figures/fig2.ecsv
        """,
    "figures-other": """
        figures paper-max --rtol 1e-2 --out max --quiet --set 'absorption.fields=["cmb"]'
        figures base-min --rtol 1e-2 --out base
        figures schroer2021 --rtol 1e-2 --out schroer
        """,
    "fit-bc": """
        check fit-bc
        show fit-bc
        fit fit-bc --rtol 1e-3 --out fit
        show fit/fit.ecsv
        """,
    "fit-bc-starts": """
        fit fit-bc --set fit.minos=false --set 'fit.profiles=[]' --starts 2 \
            --set transport.halo_height="4 kpc" --out fit
        """,
    "fit-joint": f"""
        check fit-joint
        show fit-joint
        fit fit-joint --set fit.minos=false --set 'fit.profiles=["components.cocoons.grammage.cutoff"]' \
            --rtol 1e-3 --out fit
        run fit/best.toml --nside 8 {COARSE} --out best
        bc fit/best.toml --energies "10 GeV, 1 TeV"
        """,
    "fit-own": """
        check inputs/joint.toml
        fit inputs/joint.toml --rtol 1e-3 --out fit --quiet
        """,
    "sampling": """
        fit inputs/joint.toml --set 'sampling={walkers=12,steps=30,burn=10,thin=1,seed=5}' --rtol 1e-3 --out fit
        """,
    "model-disc": f"""
        {whole_model("inputs/disc.toml")}
        sed paper --messenger gamma --region "disc:0,0,20" --energies "10 TeV" --rtol 1e-3 \
            --set 'components.cocoons.disc={{profile="custom",a=1.5,b=4.0,offset="0.5 kpc",vertical="top-hat"}}'
        sed paper --messenger gamma --region lhaaso-inner --energies "10 TeV" --rtol 1e-3 \
            --set components.cocoons.disc.profile=case-bhattacharya1998 --set galaxy.sun_radius="8.2 kpc"
        """,
    "model-gas": f"""
        {whole_model("inputs/gas.toml")}
        plot inputs/gas.toml --part gas --out gas.png
        sed base-min --messenger gamma --region lhaaso-inner --energies "10 TeV" --rtol 1e-3 \
            --set components.diffuse.gas=ferriere
        sed base-min --messenger neutrino --region icecube-inner --energies "10 TeV" --rtol 1e-3 \
            --set components.diffuse.gas=misiriotis
        """,
    "model-sea": f"""
        {whole_model("inputs/sea.toml")}
        plot inputs/sea.toml --part sea --out sea.png
        """,
    "model-grammage": f"""
        {whole_model("inputs/grammage.toml")}
        sed inputs/grammage.toml --messenger gamma --region lhaaso-inner --energies "10 TeV" --rtol 1e-3 \
            --set components.cocoons.grammage.sharp=true --set components.cocoons.grammage.delta=1
        sed paper --messenger gamma --region lhaaso-inner --energies "10 TeV" --rtol 1e-3 \
            --set 'components.cocoons.grammage={{law="constant",normalisation="0.3 g cm-2"}}'
        sed paper --messenger neutrino --region lhaaso-inner --energies "10 TeV, 1 PeV" --rtol 1e-3 \
            --set components.cocoons.injection.proton.cutoff="inf GV" --set interactions.helium=superposition
        """,
    "model-absorption": f"""
        {whole_model("inputs/absorption.toml")}
        run inputs/absorption.toml --nside 8 {COARSE} --set 'absorption.fields=["cmb","dust"]' \
            --set absorption.dust_scale=1.8 --out dust
        plot inputs/absorption.toml --part absorption --out absorption.png
        """,
    "model-masks": f"""
        check inputs/masks.toml
        check inputs/masks.toml --set 'comparison.mask_factor={{}}'
        run inputs/masks.toml --nside 8 {COARSE} --set 'comparison.mask_factor={{}}' --out run
        sed paper --messenger gamma --region mask:inputs/mask.fits,galactic --energies "10 TeV" --rtol 1e-3
        sed run/gamma.fits --region mask:inputs/mask.fits,galactic
        sed run/gamma.fits --region lhaaso-inner-masked
        sed paper --messenger gamma --region "box:350,10,-5,5 | box:15,125,-5,5 & ~disc:20,0,3" --energies "10 TeV"
        sed paper --messenger gamma --region "lhaaso-inner - sources:1lhaaso,0.4deg,2" --energies "10 TeV" --rtol 1e-3
        """,
    "model-map": f"""
        map base-min --messenger gamma --nside 16 {COARSE} --out made.fits
        check inputs/other-map.toml {NODES}
        {whole_model("inputs/other-map.toml")}
        """,
    "model-healpy": f"""
        show inputs/healpy.fits
        {whole_model("inputs/healpy-map.toml")}
        """,
    "model-grid": whole_model("inputs/grid.toml"),
    "show": """
        show
        show lhaaso-km2a-2023-inner
        show icecube-2023-kra50
        show bc-ams02-2021
        show lhaaso-inner
        show lhaaso-inner-masked
        show box:350,10,-5,5
        show "lhaaso-inner - sources:1lhaaso,0.5deg"
        show 1lhaaso
        show inputs/points.ecsv
        show inputs/ratios.ecsv
        show inputs/gas.toml
        """,
    "init": "\n".join(["init", *(f"init {name}" for name in PRESETS)]),
    "help": "\n".join(["", "--help", "--version", *(f"{name} --help" for name in COMMANDS)]),
    "mistakes": """
        chek paper
        check papr
        check missing.toml
        check inputs/unknown-key.toml
        check inputs/bad-unit.toml
        check inputs/no-toml.toml
        check inputs/no-kind.toml
        check paper --set components.cocoons.disc.heigth="0.1 kpc"
        check paper --set components.cocoons.disc.height="0.1"
        check paper --set components.cocoons.disc.height="-0.1 kpc"
        check paper --set components.cocoons.disc.profile=green2016
        check paper --set components.diffuse.gas=galprob
        check paper --set components.cocoons.grammage.law=difusive
        check paper --set components.cocoons.grammage.delta=0.5
        check paper --set absorption
        check paper --set 'absorption.fields=["cbm"]'
        check paper --set maps.nside=100
        check paper --set 'comparison.mask={lhaaso-inner="lhaaso-inner-masked"}'
        check paper --set 'comparison.mask={lhaaso-inner="lhaaso-outer"}'
        check fit-bc --set 'fit.data=["bc-ams02-2021","bc-ams02-2018"]'
        check fit-bc --set 'fit.data=["bc-ams02"]'
        check fit-bc --set 'fit.parameters={"transport.delt"={bounds=[0.3,0.9]}}'
        check fit-joint --set 'fit.data=["icecube-2023-pi0","icecube-2023-kra5"]'
        fit paper --out fit
        fit fit-bc --starts 0
        fit fit-bc --set 'fit.data=["lhaaso-km2a-2023-inner"]' --out fit
        run paper --nside 7
        run paper --rtol 1
        run paper --data bc-ams02-2021
        run paper --data inputs/bad-points.ecsv
        run paper --out inputs/points.ecsv
        run paper --nside 8192
        run paper --out ""
        map paper --messenger gama --out map.fits
        map paper --out map.fits
        map paper --messenger gamma --out map.txt
        map paper --messenger gamma --out nowhere/map.fits
        map paper --messenger gamma --out inputs/mask.fits
        map paper --messenger gamma --flavour all-flavour --energies "1 TeV" --nside 8 --out map.fits
        sed paper --messenger gamma --region lhaaso-iner
        sed paper --messenger gamma --region box:1,2,3
        sed paper --messenger gamma --region disc:0,0
        sed paper --messenger gamma --region mask:missing.fits
        sed paper --messenger gamma --region "lhaaso-inner & ~lhaaso-inner"
        sed paper --region lhaaso-inner
        sed paper --messenger gamma --region lhaaso-inner --energies "10 kpc"
        sed paper --messenger gamma --region lhaaso-inner --energies "-1 TeV"
        sed paper --messenger gamma --region lhaaso-inner --energies ","
        sed paper --messenger neutrino --region lhaaso-inner --energies "10 GeV"
        sed paper --messenger neutrino --flavour electron --region lhaaso-inner
        sed missing.fits --region lhaaso-inner
        sed inputs/healpy.fits --region lhaaso-inner
        sed inputs/healpy.fits --region lhaaso-inner --set maps.nside=8
        plot paper --out plot.jpg
        plot paper --out plot.png
        plot paper --part see --out plot.png
        plot schroer2021 --part gas --out plot.png
        plot paper --messenger gamma --factor 0.5 --out plot.png
        plot paper --messenger gamma --region lhaaso-inner --factor -1 --out plot.png
        plot paper --messenger gamma --region lhaaso-inner --data icecube-2023-pi0 --rtol 1e-3 --out plot.png
        plot paper --messenger gamma --energy "1 TeV, 2 TeV" --out plot.png
        bc paper --energies "10 m"
        bc paper --data lhaaso-km2a-2023-inner
        figures paper --out inputs/points.ecsv
        init papre
        show lhaaso-km2a-2023-iner
        show missing.toml
        show missing.ecsv
        show inputs/bad-points.ecsv
        show inputs/density.npz
        run paper --nsid 8
        """,
}

# Models of these name files, by their paths when they are written: so does the hash of the model.
FILED = ("fit-own", "sampling", "model-map", "model-healpy", "model-grid")


def write_inputs(folder):
    """Files that cases read, from formulae: models, points, a mask, a map without a word about itself, a spiral."""
    import healpy

    folder.mkdir()
    for name, text in MODELS.items():
        lines = [line.strip() for line in text.strip().splitlines()]
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    pixels = np.arange(healpy.nside2npix(16))
    lon, lat = healpy.pix2ang(16, pixels, lonlat=True)
    mask = (np.abs(lat) < 12) & (np.cos(np.radians(lon - 30)) > 0.3)
    healpy.write_map(folder / "mask.fits", mask.astype(np.float64), coord="G", dtype=np.float64)
    sky = np.exp(-np.abs(lat) / 15) * (1.5 + np.cos(np.radians(lon)))
    planes = [1e-12 * sky, 3e-18 * sky, 5e-24 * sky]
    healpy.write_map(folder / "healpy.fits", planes, dtype=np.float64)
    radius, height = np.linspace(0, 15, 31), np.linspace(-0.5, 0.5, 11)
    azimuth = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    r, phi, z = np.meshgrid(radius, azimuth, height, indexing="ij")
    arms = 1 + 0.6 * np.cos(2 * (phi - np.log(np.maximum(r, 0.5)) / 0.3))
    np.savez(folder / "density.npz", radius=radius, height=height, values=arms * np.exp(-r / 4 - np.abs(z) / 0.15))


# Recording ------------------------------------------------------------------------------------------------------------


class Words:
    """Texts without what belongs to the machine: the working folder, the checkout, the version, hashes of paths."""

    def __init__(self, work, filed):
        import skycocoon

        self.version = re.compile(rf"(?<![\w.]){re.escape(skycocoon.__version__)}(?![\w])")
        self.places = {str(work): "WORK", str(Path(skycocoon.__file__).resolve().parent.parent): "CHECKOUT"}
        self.filed = filed

    def __call__(self, text):
        for place, name in self.places.items():
            text = text.replace(place, name)
        if self.filed:
            text = re.sub(r"\b[0-9a-f]{64}\b", "HASH", text)
        return self.version.sub("VERSION", text)


def table_content(table):
    """Columns, units and head of an astropy table."""
    return {
        "meta": dict(table.meta),
        "columns": [
            {
                "name": name,
                "unit": str(table[name].unit),
                "format": str(table[name].format),
                "description": str(table[name].description),
                "dtype": str(table[name].dtype),
                "mask": np.asarray(getattr(table[name], "mask", False)),
                "values": np.ma.getdata(np.ma.asarray(table[name])),
            }
            for name in table.colnames
        ],
    }


def fits_content(path):
    """Headers and data of all HDUs."""
    from astropy.io import fits

    content = []
    with fits.open(path) as hdus:
        for hdu in hdus:
            cards = [
                [
                    card.keyword,
                    card.value if isinstance(card.value, (bool, int, float)) else str(card.value),
                    card.comment,
                ]
                for card in hdu.header.cards
                if card.keyword not in IDLE_CARDS
            ]
            if hdu.data is None:
                data = None
            elif hdu.data.dtype.names:
                data = {name: np.array(hdu.data[name]) for name in hdu.data.dtype.names}
            else:
                data = np.array(hdu.data)
            content.append({"name": hdu.name, "cards": cards, "data": data})
    return content


def ecsv_content(text):
    from astropy.io import ascii

    return table_content(ascii.read(text, format="ecsv"))


def file_content(path):
    """What is in a file, in a form that can be compared."""
    if path.suffix in (".png", ".pdf", ".svg"):
        return pickle.loads(path.read_bytes())
    if path.name.endswith((".fits", ".fits.gz")):
        return fits_content(path)
    text = path.read_text(encoding="utf-8")
    return ecsv_content(text) if path.suffix == ".ecsv" else text


def text_drawn(text):
    content = {
        "text": text.get_text(),
        "position": list(map(str, text.get_position())),
        "colour": text.get_color(),
        "size": text.get_fontsize(),
        "weight": text.get_fontweight(),
        "rotation": text.get_rotation(),
        "alignment": [text.get_ha(), text.get_va()],
        "visible": text.get_visible(),
    }
    with contextlib.suppress(TypeError, ValueError):
        content["position"] = np.array(text.get_position(), dtype=float)
    if hasattr(text, "xyann"):
        content |= {"xy": [float(x) for x in text.xy], "coordinates": [str(text.xycoords), str(text.anncoords)]}
        content["arrow"] = text.arrow_patch is not None
    return content


def line_drawn(line):
    from matplotlib.colors import to_rgba

    return {
        "label": str(line.get_label()),
        "x": np.asarray(line.get_xdata(), dtype=float),
        "y": np.asarray(line.get_ydata(), dtype=float),
        "colour": to_rgba(line.get_color(), line.get_alpha()),
        "style": line.get_linestyle(),
        "dashes": str(getattr(line, "_dash_pattern", None)),
        "width": line.get_linewidth(),
        "marker": str(line.get_marker()),
        "marker size": line.get_markersize(),
        "marker colours": [to_rgba(c) for c in (line.get_markerfacecolor(), line.get_markeredgecolor())],
        "order": line.get_zorder(),
        "visible": line.get_visible(),
    }


def scale_drawn(artist):
    """Values that a colour map shows, and on what scale."""
    values = artist.get_array()
    if values is None:
        return {}
    return {
        "values": np.ma.filled(np.ma.asarray(values, dtype=float), np.nan),
        "range": artist.get_clim(),
        "colours": artist.get_cmap().name,
        "norm": type(artist.norm).__name__,
    }


def collection_drawn(item):
    content = {
        "kind": type(item).__name__,
        "label": str(item.get_label()),
        "face": np.asarray(item.get_facecolor()) if item.get_array() is None else None,
        "edge": np.asarray(item.get_edgecolor()) if item.get_array() is None else None,
        "widths": np.asarray(item.get_linewidth(), dtype=float),
        "styles": str(item.get_linestyle()),
        "hatch": item.get_hatch(),
        "order": item.get_zorder(),
        "offsets": np.ma.filled(np.ma.asarray(item.get_offsets(), dtype=float), np.nan),
        **scale_drawn(item),
    }
    if hasattr(item, "get_coordinates"):
        content["corners"] = np.asarray(item.get_coordinates())
    else:
        content["paths"] = [path.vertices for path in item.get_paths()]
    return content


def patch_drawn(item):
    return {
        "kind": type(item).__name__,
        "label": str(item.get_label()),
        "path": item.get_patch_transform().transform_path(item.get_path()).vertices,
        "face": item.get_facecolor(),
        "edge": item.get_edgecolor(),
        "width": item.get_linewidth(),
        "style": str(item.get_linestyle()),
        "hatch": item.get_hatch(),
        "order": item.get_zorder(),
    }


def legend_drawn(legend, figure):
    if legend is None:
        return None
    handles = [
        line_drawn(handle) if hasattr(handle, "get_xdata") else {"kind": type(handle).__name__}
        for handle in legend.legend_handles
    ]
    return {
        "title": text_drawn(legend.get_title()),
        "texts": [text_drawn(text) for text in legend.get_texts()],
        "handles": handles,
        "frame": np.array(legend.get_window_extent().transformed(figure.transFigure.inverted()).extents),
    }


def axis_drawn(axis, limits):
    return {
        "label": text_drawn(axis.label),
        "scale": axis.get_scale(),
        "limits": limits,
        "ticks": np.asarray(axis.get_ticklocs(), dtype=float),
        "tick labels": [label.get_text() for label in axis.get_ticklabels() if label.get_visible()],
        "minor ticks": np.asarray(axis.get_ticklocs(minor=True), dtype=float),
        "minor tick labels": [label.get_text() for label in axis.get_ticklabels(minor=True) if label.get_visible()],
    }


def axes_drawn(axes, figure):
    return {
        "projection": axes.name,
        "place": np.array(axes.get_position().extents),
        "titles": [axes.get_title(loc) for loc in ("left", "center", "right")],
        "title size": axes.title.get_fontsize(),
        "x axis": axis_drawn(axes.xaxis, axes.get_xlim()),
        "y axis": axis_drawn(axes.yaxis, axes.get_ylim()),
        "lines": [line_drawn(line) for line in axes.lines],
        "collections": [collection_drawn(item) for item in axes.collections],
        "patches": [patch_drawn(item) for item in axes.patches],
        "images": [{"extent": item.get_extent(), **scale_drawn(item)} for item in axes.images],
        "texts": [text_drawn(text) for text in axes.texts],
        "legend": legend_drawn(axes.get_legend(), figure),
    }


def figure_drawn(figure):
    """All that is in a figure, once it has been laid out."""
    return {
        "size": figure.get_size_inches(),
        "title": figure.get_suptitle(),
        "texts": [text_drawn(text) for text in figure.texts],
        "legends": [legend_drawn(legend, figure) for legend in figure.legends],
        "axes": [axes_drawn(axes, figure) for axes in figure.axes],
    }


@contextlib.contextmanager
def figures_as_content():
    """Within this, a figure that is saved is drawn, and what is in it takes the place of its pixels in the file."""
    from matplotlib.figure import Figure

    draw = Figure.savefig

    def savefig(figure, path, **options):
        with io.BytesIO() as unused:
            draw(figure, unused, **{"format": Path(path).suffix[1:], **options})
        Path(path).write_bytes(pickle.dumps(figure_drawn(figure)))

    Figure.savefig = savefig
    try:
        yield
    finally:
        Figure.savefig = draw


def files_in(folder):
    """All files but inputs, each with what changes when it is written again."""
    paths = [path for path in folder.rglob("*") if path.is_file() and path.relative_to(folder).parts[0] != "inputs"]
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.stat().st_ino) for path in sorted(paths)}


def run_command(arguments):
    """Exit code, stdout and stderr of a command line."""
    from skycocoon.cli import main

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(arguments, prog_name="skycocoon")
            code = 0
        except SystemExit as end:
            code = end.code or 0
        except BaseException as error:  # a traceback is a result, too
            code = f"{type(error).__name__}: {error}"
    return code, out.getvalue(), err.getvalue()


class Store:
    """A recording as JSON, with long arrays in a file beside it."""

    def __init__(self, words):
        self.words, self.arrays = words, {}

    def plain(self, value):
        """Turn a value into what JSON holds."""
        if isinstance(value, str):
            return self.words(value)
        if isinstance(value, dict):
            return {self.words(str(key)): self.plain(item) for key, item in value.items()}
        if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
            if value.ndim == 1 and value.size <= SHORT:
                return value.tolist()
            self.arrays[f"a{len(self.arrays)}"] = value
            return {"array": f"a{len(self.arrays) - 1}"}
        if isinstance(value, np.ndarray):
            return self.plain(value.tolist())
        if isinstance(value, (list, tuple)):
            return [self.plain(item) for item in value]
        if isinstance(value, np.generic):
            return self.plain(value.item())
        if value is None or isinstance(value, (bool, int, float)):
            return value
        return self.words(str(value))

    def write(self, path, content):
        path.write_text(json.dumps(self.plain(content), indent=1, ensure_ascii=False), encoding="utf-8")
        np.savez_compressed(path.with_suffix(".npz"), **self.arrays)


def command_lines(name):
    """The commands of a case, one in each line; an empty line of the case "help" is the bare command."""
    lines = [re.sub(r" {2,}", " ", line.strip()) for line in CASES[name].splitlines()]
    return [line for line in lines if line or name == "help"]


def record_case(name, inputs, work, target):
    """Run the command lines of a case in a folder of its own, and write down what comes of each."""
    folder = work / name
    folder.mkdir()
    shutil.copytree(inputs, folder / "inputs")
    os.chdir(folder)
    store, steps = Store(Words(folder, name in FILED)), []
    with figures_as_content():
        for line in command_lines(name):
            before = files_in(folder)
            code, out, err = run_command(shlex.split(line))
            after = files_in(folder)
            written = [path for path, mark in after.items() if before.get(path) != mark]
            steps.append(
                {
                    "command": line,
                    "exit code": code,
                    "stdout": ecsv_content(out) if out.startswith("# %ECSV") else out,
                    "stderr": err,
                    "gone": [path for path in before if path not in after],
                    "files": {path: file_content(folder / path) for path in written},
                }
            )
    store.write(target / f"{name}.json", steps)
    shutil.rmtree(folder)


def process(name, *arguments):
    try:
        record_case(name, *arguments)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def record(folder, only, jobs):
    """Record cases, several at a time; the number of those that could not be recorded."""
    import astropy.table  # noqa: F401 (imported once, before the processes part)
    import healpy  # noqa: F401
    import iminuit  # noqa: F401
    import matplotlib.pyplot  # noqa: F401
    import numba  # noqa: F401
    import scipy.integrate  # noqa: F401

    import skycocoon

    target = folder.resolve()
    target.mkdir(parents=True, exist_ok=True)
    names = list(CASES) if not only else [name for name in CASES if name in only]
    print(f"skycocoon {skycocoon.__version__} of {Path(skycocoon.__file__).parent}: {len(names)} cases")
    context, failed, begin = multiprocessing.get_context("fork"), [], time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="recording-") as temporary:
        work = Path(temporary).resolve()
        write_inputs(work / "inputs")
        waiting, running = list(names), {}
        while waiting or running:
            while waiting and len(running) < jobs:
                name = waiting.pop(0)
                child = context.Process(target=process, args=(name, work / "inputs", work, target))
                child.start()
                running[child.sentinel] = name, child, time.perf_counter()
            for sentinel in multiprocessing.connection.wait(list(running)):
                name, child, start = running.pop(sentinel)
                child.join()
                print(f"  {name:18s} {time.perf_counter() - start:6.1f} s{'' if child.exitcode == 0 else '  FAILED'}")
                sys.stdout.flush()
                if child.exitcode != 0:
                    failed.append(name)
    print(f"{time.perf_counter() - begin:.0f} s" + (f"; not recorded: {', '.join(failed)}" if failed else ""))
    return len(failed)


# Comparing ------------------------------------------------------------------------------------------------------------


def is_numbers(value):
    """Whether a value of a recording is an array, or a list of numbers alone."""
    if isinstance(value, np.ndarray):
        return True
    return isinstance(value, list) and bool(value) and all(isinstance(item, (int, float)) for item in value)


def number_differences(a, b):
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        yield f"shape {a.shape} -> {b.shape}"
        return
    if a.dtype != b.dtype and a.dtype.kind == b.dtype.kind == "f":
        yield f"{a.dtype} -> {b.dtype}"
    a, b = a.astype(float), b.astype(float)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        apart = np.where(same, 0.0, np.abs(a - b) / np.maximum(np.abs(a), np.abs(b)))
    apart = np.where(np.isnan(apart), np.inf, apart)
    if np.any(apart > RTOL):
        worst = np.unravel_index(np.argmax(apart), apart.shape)
        where = f" at {', '.join(map(str, worst))}" if worst else ""
        count = f"{np.sum(apart > RTOL)} of {a.size} numbers; worst{where}: " if a.ndim else ""
        yield f"{count}{float(a[worst])!r} -> {float(b[worst])!r}, relative {apart[worst]:.1e}"


def text_differences(a, b):
    """Lines that differ, with their numbers if there are several."""
    old, new = a.splitlines(), b.splitlines()
    if (len(old) <= 1 and len(new) <= 1) or old == new:
        yield f"{a!r} -> {b!r}"
        return
    for tag, i, j, k, m in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        for n in range(max(j - i, m - k)):
            left = repr(old[i + n]) if i + n < j else "nothing"
            right = repr(new[k + n]) if k + n < m else "nothing"
            yield f"line {(i + n if i + n < j else k + n) + 1}: {left} -> {right}"


def name_of(item):
    """What an item of a list is called, where it has a name."""
    if isinstance(item, dict):
        return next((item[key] for key in ("name", "label") if isinstance(item.get(key), str) and item[key]), "")
    return item[0] if isinstance(item, list) and item and isinstance(item[0], str) else ""


def differences(a, b, where=()):
    """Pairs of a place and what differs there."""
    if is_numbers(a) and is_numbers(b):
        yield from ((where, what) for what in number_differences(a, b))
    elif isinstance(a, dict) and isinstance(b, dict):
        for key in (*a, *(key for key in b if key not in a)):
            if key not in b or key not in a:
                yield (*where, key), "missing" if key not in b else "new"
            else:
                yield from differences(a[key], b[key], (*where, key))
        if list(a) != list(b) and set(a) == set(b):
            yield where, "another order of keys"
    elif isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            yield where, f"{len(a)} -> {len(b)} items"
        for index, (left, right) in enumerate(zip(a, b, strict=False)):
            name = name_of(left)
            yield from differences(left, right, (*where, f"{index} ({name})" if name else str(index)))
    elif isinstance(a, str) and isinstance(b, str):
        if a != b:
            yield from ((where, what) for what in text_differences(a, b))
    elif isinstance(a, (int, float)) and isinstance(b, (int, float)):
        yield from ((where, what) for what in number_differences(a, b))
    elif type(a) is not type(b):
        yield where, f"{str(a)[:80]!r} -> {str(b)[:80]!r}"


def load_case(path):
    """A recorded case, with its arrays where they belong."""
    with np.load(path.with_suffix(".npz")) as arrays:

        def whole(item):
            return arrays[item["array"]] if set(item) == {"array"} else item

        return json.loads(path.read_text(encoding="utf-8"), object_hook=whole)


def report(before, after):
    """One line for each difference of two recordings."""
    names = {folder: {path.stem for path in folder.glob("*.json")} for folder in (before, after)}
    if not names[before]:
        raise SystemExit(f"{before}: no recording")
    for name in sorted(names[before] | names[after]):
        if name not in names[before] or name not in names[after]:
            yield f"{name}: recorded in {before if name in names[before] else after} only"
            continue
        old, new = (load_case(folder / f"{name}.json") for folder in (before, after))
        lines = [[step["command"] for step in steps] for steps in (old, new)]
        if lines[0] != lines[1]:
            yield f"{name}: other command lines: record both with the same script"
            continue
        for a, b in zip(old, new, strict=True):
            for where, what in differences(a, b):
                place = where[1:] if where[0] == "files" else where
                parts = [name, a["command"], place[0] if place else "files", ", ".join(place[1:]), what]
                yield ": ".join(part for part in parts if part)


def patterns_of(path):
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def compare(before, after, patterns):
    """Print what differs; whether all of it is allowed."""
    counts = dict.fromkeys(patterns, 0)
    refused = 0
    for line in report(before, after):
        allowing = [pattern for pattern in patterns if re.search(pattern, line)]
        for pattern in allowing:
            counts[pattern] += 1
        if not allowing:
            refused += 1
            print(line)
    for pattern, count in counts.items():
        print(f"allowed: {count} lines by {pattern}")
    print(f"{refused} differences" + (" besides those allowed" if patterns else ""))
    return refused == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    part = commands.add_parser("record", help="run all cases and write a recording")
    part.add_argument("folder", type=Path)
    part.add_argument("--only", nargs="+", choices=list(CASES), metavar="NAME", help=f"of {', '.join(CASES)}")
    part.add_argument("--jobs", type=int, default=2, help="cases at a time (default 2)")
    part = commands.add_parser("compare", help="compare two recordings")
    part.add_argument("before", type=Path)
    part.add_argument("after", type=Path)
    part.add_argument("--allow", action="append", default=[], metavar="PATTERN", help="a difference that is meant")
    part.add_argument("--allow-file", type=Path, metavar="FILE", help="such patterns, one on each line")
    options = parser.parse_args()
    if options.command == "record":
        sys.exit(1 if record(options.folder, options.only, options.jobs) else 0)
    patterns = options.allow + (patterns_of(options.allow_file) if options.allow_file else [])
    sys.exit(0 if compare(options.before, options.after, patterns) else 1)


if __name__ == "__main__":
    main()
