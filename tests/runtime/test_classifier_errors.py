import pytest

from classifiers.errors import ClassifierInputError
from ganbal.errors import InputError
from ganbal.runtime.classifier_errors import as_input_error

PARTS = ("found", "expected", "action")


def test_errors_of_classifiers_become_input_errors_with_the_same_sentences():
    first = ClassifierInputError(found="There is none.", expected="One is needed.", action="Make one.")
    with pytest.raises(InputError) as caught, as_input_error():
        raise first
    assert [getattr(caught.value, part) for part in PARTS] == ["There is none.", "One is needed.", "Make one."]
    assert caught.value.exit_code == 2 and caught.value.__cause__ is first
    with pytest.raises(KeyError), as_input_error():
        raise KeyError("other errors pass")
