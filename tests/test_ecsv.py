"""ECSV tables: headers that take long, and texts that astropy would read otherwise."""

import pytest

from skycocoon import Measurement
from skycocoon.ecsv import read_ecsv
from skycocoon.sky import Catalogue

from .conftest import error_of

TABLE = """# %ECSV 1.0
# ---
# datatype:
# - {{name: l, unit: deg, datatype: float64}}
# - {{name: b, unit: deg, datatype: float64}}
# meta:
#   psf: 0.5 deg
{meta}
# schema: astropy-2.0
l b
50.0 1.0
"""
LAUGHS = "\n".join(
    [
        "#   a: &a [lol]",
        *(
            f"#   {new}: &{new} [{','.join([f'*{old}'] * 9)}]"
            for old, new in zip("abcdefghij", "bcdefghijk", strict=True)
        ),
    ]
)


@pytest.mark.parametrize(
    ("meta", "reason"),
    [
        (LAUGHS, "repeats parts of itself too often"),
        ("#   x: &x [*x, *x]", "repeats parts of itself too often"),
        ("#   x: " + "[" * 3000 + "]" * 3000, "unable to parse yaml"),
        ("#   x: 1" + "0" * 5000, "unable to parse yaml"),
        ("#   x: !!python/object/apply:os.getcwd []", "unable to parse yaml"),
        ("#   x: [" + "y," * 100_000 + "]", "a header of more than 131072 characters"),
    ],
    ids=lambda value: repr(value)[:40],
)
@pytest.mark.parametrize("read", [Measurement.read, Catalogue.read])
def test_headers_that_would_take_long(read, meta, reason, tmp_path):
    """Small files whose header is billions of words, or no data at all."""
    path = tmp_path / "x.ecsv"
    path.write_text(TABLE.format(meta=meta))
    assert reason in error_of(read, path)


@pytest.mark.parametrize(
    ("meta", "value"),
    [
        ("#   x: &x [1, 2]\n#   note: *x", [1, 2]),
        ("#   note: a *b* of c, *d", "a *b* of c, *d"),
        ("#   note: 'π, é'", "π, é"),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_headers_that_are_right(meta, value, ends, mark, tmp_path):
    path = tmp_path / "x.ecsv"
    path.write_bytes(mark + TABLE.format(meta=meta).replace("\n", ends).encode())
    table = read_ecsv(path, "catalogues")
    assert table.meta["note"] == value
    assert table["l"][0].value == 50


def test_an_encoding_of_the_locale_does_not_matter(tmp_path, monkeypatch):
    path = tmp_path / "x.ecsv"
    path.write_text(TABLE.format(meta="#   note: π"), encoding="utf-8")
    monkeypatch.setattr("locale.getpreferredencoding", lambda *_: "ascii")
    monkeypatch.setattr("locale.getencoding", lambda *_: "ascii")
    assert Catalogue.read(path).meta["note"] == "π"
