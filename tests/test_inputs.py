"""Whatever a path leads to, reading it ends at once: with a text, or with one line that says what is there instead."""

import os
import socket
import threading

import pytest

from skycocoon import CylindricalGrid, Measurement, RatioMeasurement, SkyMap, load_model
from skycocoon.inputs import read_text
from skycocoon.sky import Catalogue, Region

from .cli.conftest import bad
from .conftest import EXAMPLE, error_of

READERS = {
    "model": (load_model, "x.toml"),
    "grid": (CylindricalGrid.read, "x.npz"),
    "points": (Measurement.read, "x.ecsv"),
    "ratios": (RatioMeasurement.read, "x.ecsv"),
    "catalogue": (Catalogue.read, "x.ecsv"),
    "map": (SkyMap.read, "x.fits"),
    "mask": (Region.mask, "x.fits"),
}
readers = pytest.mark.parametrize(("read", "name"), READERS.values(), ids=READERS)


@pytest.fixture
def offline(monkeypatch):
    """Any use of the network fails the test."""

    def used(*arguments):
        raise AssertionError(f"the network was used: {arguments}")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, used)


@readers
@pytest.mark.parametrize("scheme", ["http", "https", "ftp", "s3", "file"])
def test_addresses_are_not_followed(read, name, scheme, offline):
    address = f"{scheme}://127.0.0.1:9/{name}"
    text = error_of(read, address)
    assert "no such file" in text
    assert "files are local" in text
    assert "127.0.0.1:9" in text


@readers
def test_a_pipe_that_nobody_writes_to_is_not_waited_for(read, name, tmp_path):
    path = tmp_path / name
    os.mkfifo(path)
    assert f"{path}: is a pipe" in error_of(read, path)


@readers
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/random"])
def test_devices_are_not_read(read, name, device):
    assert f"{device}: is a device" in error_of(read, device)


@readers
def test_a_folder_is_no_file(read, name, tmp_path):
    assert f"{tmp_path}: is a folder" in error_of(read, tmp_path)


@readers
def test_links_that_lead_nowhere(read, name, tmp_path):
    (tmp_path / f"a{name}").symlink_to(tmp_path / f"b{name}")
    assert "no such file" in error_of(read, tmp_path / f"a{name}")
    (tmp_path / f"b{name}").symlink_to(tmp_path / f"a{name}")
    assert "cannot be read (Too many levels of symbolic links)" in error_of(read, tmp_path / f"a{name}")


@readers
def test_names_that_no_file_can_have(read, name, tmp_path):
    assert "no such file" in error_of(read, f"{tmp_path}/\0{name}")
    assert "cannot be read (File name too long)" in error_of(read, tmp_path / ("x" * 300 + name))
    assert "no such file" in error_of(read, tmp_path / name / name)


@readers
def test_an_empty_file(read, name, tmp_path):
    (tmp_path / name).touch()
    assert name in error_of(read, tmp_path / name)


@readers
def test_a_file_without_permission(read, name, tmp_path, monkeypatch):
    (tmp_path / name).touch(mode=0)
    # Root may read everything.
    monkeypatch.setattr(os, "access", lambda path, *_, **__: not str(path).endswith(name))
    assert "cannot be read (Permission denied)" in error_of(read, tmp_path / name)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"a\r\nb", "a\r\nb"),
        (b"\xef\xbb\xbfa = 1", "a = 1"),  # Windows' editors begin with a mark
        ("é".encode(), "é"),
        (b"", ""),
    ],
)
def test_text_in_utf_8(tmp_path, content, text):
    (tmp_path / "x").write_bytes(content)
    assert read_text(tmp_path / "x") == text


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_text_in_another_encoding(tmp_path, encoding):
    (tmp_path / "x").write_bytes("é = 1".encode(encoding))
    assert "not a text file in UTF-8" in error_of(read_text, tmp_path / "x")


def test_long_files_are_not_read_to_their_end(tmp_path):
    path = tmp_path / "x"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    assert "is too long" in error_of(read_text, path, "", 1 << 20)
    path.write_bytes(b"abc")
    assert read_text(path, limit=3) == "abc"
    assert "allowed: 2 bytes" in error_of(read_text, path, "", 2)


def test_a_pipe_with_somebody_at_its_other_end(tmp_path):
    """As of a shell's `skycocoon check <(command)`: all of it, however slowly it comes."""
    path = tmp_path / "pipe.toml"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=(EXAMPLE + "#" * 200_000,))
    writer.start()
    assert [part.name for part in load_model(path).components] == ["cocoons"]
    writer.join()


def test_an_open_pipe_by_its_number():
    ours, theirs = os.pipe()
    with os.fdopen(theirs, "w") as file:
        file.write(EXAMPLE)
    assert [part.name for part in load_model(f"/dev/fd/{ours}").components] == ["cocoons"]
    # Nothing is left in it.
    assert "a pipe that nobody writes to" in error_of(load_model, f"/dev/fd/{ours}")
    os.close(ours)


@pytest.mark.parametrize(
    "line",
    [
        "check ADDRESS.toml",
        "sed ADDRESS.toml --messenger gamma --region lhaaso-inner",
        "sed ADDRESS.fits --messenger gamma --region lhaaso-inner",
        "sed ADDRESS.fits.gz --messenger gamma --region lhaaso-inner",
        "sed paper --messenger gamma --region mask:ADDRESS.fits",
        "sed paper --messenger gamma --region sources:ADDRESS.ecsv",
        "plot ADDRESS.fits --out x.png",
        "plot paper --messenger gamma --region lhaaso-inner --data ADDRESS.ecsv --out x.png",
        "run paper --data ADDRESS.ecsv --out x",
        "bc --data ADDRESS.ecsv --out x.png",
        "fit ADDRESS.toml --out x",
        "figures ADDRESS --out x",
        "show ADDRESS.ecsv",
        "show ADDRESS.fits",
        "show sources:ADDRESS.ecsv",
        'check paper --set \'components.cocoons.disc={profile="grid", file="ADDRESS.npz"}\'',
        "check paper --set components.map.kind=map --set components.map.file=ADDRESS.fits",
        "check fit-bc --set 'fit.data=[\"ADDRESS.ecsv\"]'",
    ],
)
def test_no_command_uses_the_network(line, offline, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "no such file; an address is not followed" in bad(line.replace("ADDRESS", "http://127.0.0.1:9/x"))
    assert list(tmp_path.iterdir()) == []
