import hashlib

import pytest

from ganbal.errors import InputError
from ganbal.runtime.console import Console
from ganbal.runtime.download import Download, fetch

CONTENT = bytes(2_500_000)


@pytest.fixture
def address(tmp_path):
    file = tmp_path / "source.pth"
    file.write_bytes(CONTENT)
    return file.as_uri()  # urllib opens files, too


def test_a_download_is_announced_with_its_size_and_happens_once(address, tmp_path, capsys):
    wanted = Download("the weights", address, tmp_path / "hub/w.pth", hashlib.sha256(CONTENT).hexdigest()[:8])
    fetch(wanted, Console())
    assert capsys.readouterr().err == f"Downloading the weights (2.5 MB) from {address} to {tmp_path}/hub/w.pth.\n"
    assert wanted.file.read_bytes() == CONTENT
    fetch(wanted, Console())
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("damage", ["digest", "address"])
def test_a_download_that_fails_leaves_no_file(address, tmp_path, damage):
    address = address if damage == "digest" else f"{address}.gone"
    wanted = Download("the weights", address, tmp_path / "hub/w.pth", "00000000")
    with pytest.raises(InputError, match=r"download of the weights .* fails: .*copy it to .*w\.pth"):
        fetch(wanted, Console(quiet=True))
    assert not wanted.file.exists() and list(tmp_path.glob("hub/*")) == []
