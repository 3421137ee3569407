"""The papers' symbols of model-file keys, for axes."""

from __future__ import annotations

SYMBOLS = {
    "cocoons.grammage.normalisation": "$X_c$",
    "cocoons.grammage.cutoff": "$R_c$",
    "cocoons.grammage.delta": r"$\delta$ of the grammage",
    "diffuse.column_scale": "diffuse emission",
    "transport.diffusion": "$D_0$",
    "transport.delta": r"$\delta$",
    "transport.break_rigidity": "$R_b$",
    "transport.break_delta": r"$\Delta\delta$",
    "transport.halo_height": "$H$",
    "transport.advection": "$u$",
    "transport.modulation": r"$\phi$",
    "transport.cross_section_scale": "production of boron",
}
"""Symbols of the papers for figures, by key without "components."."""
