import sys

import pytest

from ganbal.errors import InputError
from ganbal.runtime.optional_packages import import_optional


def test_a_package_that_is_there_is_returned():
    assert import_optional("json.decoder", extra="x", needed="Nothing needs it.") is sys.modules["json.decoder"]


def test_a_package_that_is_not_there_names_its_extra_and_the_other_way(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(InputError) as raised:
        import_optional("pydicom", extra="dicom", needed="DICOM files need it.", alternative="convert them")
    assert raised.value.found == "The package pydicom is not installed."
    assert raised.value.expected == "DICOM files need it."
    assert raised.value.action == 'Install it with `pip install "ganbal[dicom]"`, or convert them.'


def test_a_package_that_is_there_and_fails_says_why(tmp_path, monkeypatch):
    (tmp_path / "half_installed.py").write_text("import a_part_that_is_missing\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match=r"half_installed cannot be imported: .*a_part_that_is_missing"):
        import_optional("half_installed", extra="x", needed="Nothing needs it.")
