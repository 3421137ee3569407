"""The paper's five figures of a model: drawings, the plotted numbers, and what of them is published.

Ambrosone, Evoli, Schroer & Blasi 2025, arXiv:2503.14651: B/C (Fig. 1), gamma rays (Fig. 2), neutrinos (Fig. 3), the
scan over R_c of Appendix B, and the laws of grammage of Appendix C.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import replace
from pathlib import Path

from ...config import LoadedModel
from ...emission import Component
from ...los import RTOL, region_sed
from ...sky import Sed
from ..folder import fill_folder
from . import captions
from .drawing import TITLES
from .models import Place, cocoons_of, icecube, lhaaso
from .ratios import draw_ratios
from .spectra import cutoff_scan, gamma_rays, grammage_laws, neutrinos, write_spectra

__all__ = ["NAMES", "figures"]

NAMES = (*(f"fig{n}.{ending}" for n in TITLES for ending in ("png", "pdf", "ecsv", "txt")), "summary.txt", "model.toml")
"""What is written."""


def figures(
    loaded: LoadedModel, out: str | Path, *, rtol: float = RTOL, overwrite: bool = False, progress: bool = False
) -> list[Path]:
    """Make the paper's five figures of a model with cocoons.

    Parameters
    ----------
    loaded
        The model, from :func:`skycocoon.config.load_file`; normally the preset ``paper``.
    out
        Folder; made if missing. Nothing appears there unless all of it does.
    rtol
        Relative accuracy of columns and means.
    overwrite
        Whether files of the same names may be replaced.
    progress
        Whether to show a progress bar.

    Returns
    -------
    list of Path
        What was written, :data:`NAMES`: for each figure a PNG, a PDF, the plotted numbers and a text.

    Raises
    ------
    InputError
        If the model has no cocoons, for anything wrong in it, or with the folder; before anything is written.
    """
    model = loaded.model
    cocoons = cocoons_of(model)
    gamma, neutrino = (loaded.energies(messenger) for messenger in ("gamma", "neutrino"))
    inner, outer = (lhaaso(loaded, part, gamma) for part in ("inner", "outer"))
    sky = icecube(neutrino)
    loaded.check_templates()

    def shine(components: Iterable[Component], place: Place) -> Sed:
        parts = replace(model, components=tuple(components))
        return region_sed(parts, place.messenger, place.energy, place.target.averaged, rtol=rtol, progress=progress)

    def steps(work: Path) -> Generator[str]:
        (work / "model.toml").write_text(loaded.toml, encoding="utf-8")
        (work / "summary.txt").write_text(captions.summary(model, cocoons), encoding="utf-8")
        yield "figure 1"
        draw_ratios(loaded, cocoons, work)
        yield "figure 2"
        write_spectra(2, gamma_rays(model, cocoons, (inner, outer), shine), model, work)
        yield "figure 3"
        write_spectra(3, neutrinos(model, cocoons, sky, shine), model, work)
        yield "figure 4"
        write_spectra(4, cutoff_scan(model, cocoons, (inner, outer), shine), model, work)
        yield "figure 5"
        write_spectra(5, grammage_laws(model, cocoons, inner, shine), model, work)

    return fill_folder(out, NAMES, steps, count=len(TITLES), overwrite=overwrite, progress=progress)
