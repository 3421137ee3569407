"""The published gas models, by name: a new one is one file beside these and one line here."""

from __future__ import annotations

from types import MappingProxyType

from . import ferriere, galprop, misiriotis, nakanishi_sofue
from .model import GasModel

__all__ = ["GAS_MODELS"]

GAS_MODELS: MappingProxyType[str, GasModel] = MappingProxyType(
    {
        "galprop": galprop.MODEL,
        "nakanishi-sofue": nakanishi_sofue.MODEL,
        "misiriotis": misiriotis.MODEL,
        "ferriere": ferriere.MODEL,
    }
)
"""Published models of the Galaxy's neutral hydrogen."""
