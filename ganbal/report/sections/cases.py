"""Test images that the classifiers called right and wrong, and where they looked."""

from ganbal.report import pictures
from ganbal.report.page import Block, Gallery, Picture
from ganbal.report.study_view import StudyView

_REMARK = (
    "Heat maps show which parts of an image spoke for the class it was called, coarsely: a few dozen squares enlarged. "
    "Heat outside the lungs (letters, borders, the diaphragm) is a sign that something else than disease was learned."
)


def cases_block(study: StudyView) -> list[Block]:
    """One picture a classifier for the baseline arm and one for the `gan` arm, of the first seed."""
    found: list[Picture] = []
    for classifier in study.classifiers:
        for arm in dict.fromkeys((str(study.summary.get("baseline_arm") or "imbalanced"), "gan")):
            for cell in study.cells(str(classifier["name"]), arm)[:1]:
                picture = pictures.case_picture(study.run, cell, str(classifier["title"]))
                found += [picture] if picture is not None else []
    return [Gallery("Right and wrong test images", found, _REMARK)] if found else []
