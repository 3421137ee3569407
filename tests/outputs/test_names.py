"""Names of files."""

from skycocoon.outputs import file_name


def test_long_names_are_cut_and_stay_different():
    """Regions are called by their text forms, which hold whole paths."""
    assert file_name("box:15,125,-5,5") == "box-15-125--5-5"
    one, two = (f"mask:/{'folder/' * 60}m.fits,column={k}" for k in (1, 2))
    assert len(file_name(one)) < 100
    assert file_name(one) != file_name(two)
    assert len(file_name("π" * 200).encode()) < 160
