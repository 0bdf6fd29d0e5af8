import pytest

from ganbal.errors import InputError
from ganbal.reproduction import document_configs
from ganbal.reproduction.document_configs import document_files, documents_folder
from ganbal.reproduction.reproducing import systems_of


def test_every_shipped_configuration_is_a_published_system():
    for file in document_files():
        assert systems_of(file, {}, ()), file.stem


def test_chosen_by_name_in_the_order_asked_for_each_once():
    names = ["springboard_vgg16", "springboard_baseline_cnn", "springboard_vgg16"]
    assert [file.stem for file in document_files(names)] == names[:2]


def test_unknown_names_suggest_near_ones():
    with pytest.raises(InputError, match=r"found 'springboard_vgg'\. Did you mean springboard_vgg16"):
        document_files(["springboard_vgg"])


def test_an_installed_package_finds_its_own_copy(tmp_path, monkeypatch):
    copy = tmp_path / "share" / "ganbal" / "documents"
    copy.mkdir(parents=True)
    (copy / "one.yaml").touch()
    monkeypatch.setattr(document_configs, "__file__", str(tmp_path / "site-packages/ganbal/reproduction/here.py"))
    monkeypatch.setattr(document_configs.sysconfig, "get_path", lambda name: str(tmp_path))
    assert documents_folder() == copy
    monkeypatch.setattr(document_configs.sysconfig, "get_path", lambda name: str(tmp_path / "no"))
    monkeypatch.setattr(document_configs.site, "getuserbase", lambda: str(tmp_path / "no"))
    with pytest.raises(InputError, match="Install ganbal again"):
        documents_folder()
