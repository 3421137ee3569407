"""The package itself: public names, data inside, files written whole."""

import subprocess
import sys
from pathlib import Path

import pytest

import skycocoon
from skycocoon import InputError
from skycocoon.outputs import new_file, new_folder
from skycocoon.shipped import data_folder


def test_public_names():
    for name in skycocoon.__all__:
        assert getattr(skycocoon, name) is not None
        assert name in dir(skycocoon)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        skycocoon.nothing


def test_the_stub_states_all_public_names():
    """What type checkers read is what is imported: each line of the stub gives a name."""
    lines = Path(skycocoon.__file__).with_suffix(".pyi").read_text(encoding="utf-8").splitlines()
    names = [line.split()[-1] for line in lines if line.startswith("from ")]
    assert sorted(names) == skycocoon.__all__[1:]
    assert [line for line in lines if line and not line.startswith(("#", "from "))] == ["__version__: str"]


def test_import_is_light():
    code = "import sys, skycocoon; assert 'numpy' not in sys.modules and 'healpy' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_sky_does_not_need_the_model():
    code = (
        "import sys\nfrom skycocoon import Region, SkyMap, Measurement\nRegion.named('lhaaso-inner').solid_angle\n"
        "names = [m for m in sys.modules if m.startswith('skycocoon.')]\n"
        "assert not any(part in m for m in names for part in ('kernels', 'emission', 'cosmicrays', 'galaxy', 'los')), names\n"
        "assert 'numba' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(("folder", "at_least"), [("measurements", 12), ("ratios", 6), ("nuclei", 2)])
def test_every_data_file_says_where_it_is_from(folder, at_least):
    """Header lines reference and doi (or arxiv); for points of others also provenance, who tabulated them."""
    files = sorted((data_folder() / folder).glob("*.ecsv"))
    assert len(files) >= at_least
    for path in files:
        header = "".join(line for line in path.read_text().splitlines(keepends=True) if line.startswith("#"))
        assert "{reference: " in header, path.name
        assert "{doi: " in header or "{arxiv: " in header, path.name
        assert "{provenance: " in header, path.name


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    target = tmp_path / "x.txt"

    def half():
        with new_file(target) as path:
            path.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert list(tmp_path.iterdir()) == []
    with new_file(target) as path:
        path.write_text("whole")
    assert target.read_text() == "whole"
    assert oct(target.stat().st_mode & 0o777) in ("0o644", "0o664", "0o666", "0o600")
    with pytest.raises(InputError, match="exists"), new_file(target):
        pass
    with pytest.raises(InputError, match="folder"), new_file(tmp_path):
        pass


def test_a_folder_is_filled_whole_or_not_at_all(tmp_path):
    target = tmp_path / "a" / "b"

    def half():
        with new_folder(target, ["x"]) as work:
            (work / "x").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert not target.exists()
    with new_folder(target, ["x"]) as work:
        (work / "x").write_text("whole")
        (work / "deeper").mkdir()
        (work / "deeper" / "y").write_text("too")
    assert sorted(p.name for p in target.iterdir()) == ["deeper", "x"]
    with pytest.raises(InputError, match="overwrite=True"), new_folder(target, ["x"]):
        pass
