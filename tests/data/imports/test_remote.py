"""Stand-ins take the place of the services' packages: tests have no network."""

import hashlib
import shutil
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pytest

from ganbal.config import load_config
from ganbal.config.loading import check_given_settings
from ganbal.data.imports.remote import check_remote
from ganbal.errors import InputError


@pytest.fixture
def address(tmp_path):
    """A server of the files in tmp_path/web."""
    (tmp_path / "web").mkdir()

    class Silent(SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=tmp_path / "web"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def medmnist(tmp_path, address, monkeypatch):
    """The package with one set; gives the file that the server has."""
    file = tmp_path / "web/pneumoniamnist.npz"
    np.savez(file, train_images=np.zeros((6, 4, 4), np.uint8), train_labels=np.arange(6)[:, None] % 2)
    entry = {
        "url": f"{address}/{file.name}",
        "MD5": hashlib.md5(file.read_bytes()).hexdigest(),
        "license": "CC BY 4.0",
    }
    monkeypatch.setitem(sys.modules, "medmnist", SimpleNamespace(INFO={"pneumoniamnist": entry}))
    return file


def test_medmnist(find, medmnist, tmp_path, monkeypatch):
    located = find("medmnist:pneumoniamnist")
    assert str(located.given) == "medmnist:pneumoniamnist"
    assert (located.source.layout, located.source.classes) == ("npz", ("normal", "pneumonia"))
    first, second = located.imports
    assert (first["origin"], first["license"]) == ("medmnist:pneumoniamnist", "CC BY 4.0")
    assert second["sha256"] == hashlib.sha256(medmnist.read_bytes()).hexdigest()
    medmnist.unlink()
    monkeypatch.setitem(sys.modules, "medmnist", None)
    assert find("medmnist:pneumoniamnist") == located  # neither network nor package once it is there
    check_remote("medmnist:pneumoniamnist", tmp_path / "cache")


def test_a_damaged_download_is_refused(find, medmnist, tmp_path):
    medmnist.write_bytes(medmnist.read_bytes()[:-1] + b"x")
    with pytest.raises(InputError, match="the file arrives damaged"):
        find("medmnist:pneumoniamnist")
    assert not list((tmp_path / "cache").rglob("*.npz"))


def test_unknown_sets_and_no_network(find, medmnist, address):
    with pytest.raises(InputError, match=r"has no set xmnist\..*It has pneumoniamnist"):
        find("medmnist:xmnist")
    medmnist.unlink()
    with pytest.raises(InputError, match=r"The download of the MedMNIST set pneumoniamnist from .* fails"):
        find("medmnist:pneumoniamnist")


def test_hugging_face(find, make_images, tmp_path, monkeypatch, capsys):
    remote = make_images(tmp_path / "remote", [f"data/train/{n}.png" for n in "abcd"])
    (remote / "data/train/metadata.csv").write_text("file_name,label\na.png,0\nb.png,1\nc.png,0\nd.png,1\n")
    asked = []

    class HfApi:
        def dataset_info(self, name, *, revision, files_metadata):
            asked.append((name, revision))
            return SimpleNamespace(sha="f" * 40, siblings=[SimpleNamespace(size=500_000)] * 5, card_data=None)

    def snapshot_download(name, *, repo_type, revision, local_dir):
        assert (repo_type, revision) == ("dataset", "f" * 40)
        shutil.copytree(remote, local_dir, dirs_exist_ok=True)

    package = SimpleNamespace(HfApi=HfApi, snapshot_download=snapshot_download)
    monkeypatch.setitem(sys.modules, "huggingface_hub", package)
    located = find("hf:someone/chests")
    assert located.source.layout == "imagefolder"
    assert [image.class_name for image in located.source.images] == ["0", "1", "0", "1"]
    assert (located.imports[0]["revision"], located.imports[0]["files"]) == ("f" * 40, 5)
    find("hf:someone/chests")
    find("hf:someone/chests@v2")
    assert asked == [("someone/chests", None), ("someone/chests", "v2")]


def test_kaggle(find, make_images, tmp_path, monkeypatch):
    cached = make_images(tmp_path / "kaggle/versions/3", [f"{name}/{n}.png" for name in "AB" for n in range(3)])

    def dataset_download(handle):
        assert handle == "someone/chest-xray"
        return str(cached)

    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace(dataset_download=dataset_download))
    located = find("kaggle:someone/chest-xray")
    assert (located.source.layout, len(located.source.images)) == ("flat", 6)
    assert located.imports[0]["revision"] == "3"


def test_failures_of_a_service_are_reported(find, monkeypatch):
    def dataset_download(handle):
        raise RuntimeError("403 Client Error")

    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace(dataset_download=dataset_download))
    with pytest.raises(InputError, match=r"someone/x fails: RuntimeError: 403 Client Error\..*Check the name"):
        find("kaggle:someone/x")


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [
        ("hf:a/b", "huggingface_hub", "hf"),
        ("kaggle:a/b", "kagglehub", "kaggle"),
        ("medmnist:a", "medmnist", "medmnist"),
    ],
)
def test_a_missing_package_names_its_extra(find, tmp_path, monkeypatch, name, module, extra):
    monkeypatch.setitem(sys.modules, module, None)
    for use in (find, lambda name: check_remote(name, tmp_path / "cache")):
        with pytest.raises(InputError, match=rf'pip install "ganbal\[{extra}\]"'):
            use(name)


@pytest.mark.parametrize("name", ["kaggle:chest", "hf:a/b/c", "medmnist:../x", "kaggle:a/b@new"])
def test_names_that_no_service_has(find, name):
    with pytest.raises(InputError, match="is no name of a data set"):
        find(name)


def test_names_are_no_paths():
    check_given_settings(None, None, ["data.root=hf:a/b"])
    assert str(load_config(None, ["data.root=hf:a/b"]).data.root) == "hf:a/b"
    with pytest.raises(InputError, match="There is nothing at"):
        check_given_settings(None, None, ["data.root=elsewhere:a/b"])
