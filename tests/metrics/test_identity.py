from dataclasses import replace

import pytest

from ganbal.errors import InputError
from ganbal.metrics.identity import ExtractorIdentity, require_same_extractor

INCEPTION = ExtractorIdentity("inception", 768, "ab" * 32, "pytorch-fid 299", "a note")


@pytest.mark.parametrize(
    "change", [{"name": "untrained"}, {"dims": 2048}, {"weights_sha256": "cd" * 32}, {"resize": "antialiased 299"}]
)
def test_features_of_different_extractors_are_refused(change: dict) -> None:
    other = replace(INCEPTION, **change)
    assert other.key != INCEPTION.key
    with pytest.raises(InputError, match="from different extractors"):
        require_same_extractor([INCEPTION, other])


def test_a_note_is_no_part_of_the_identity() -> None:
    other = replace(INCEPTION, note="another note")
    assert other.key == INCEPTION.key
    require_same_extractor([INCEPTION, other])
