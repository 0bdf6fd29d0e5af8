"""Model card and data card: facts of the run's files only, beside the report."""

import csv
import json

from ganbal.report import build_report
from ganbal.report.cards import DATA_CARD, MODEL_CARD, cards_of
from ganbal.report.run_reader import PHANTOM_MARK, read_run_folder


def test_a_finished_run_has_both_cards_beside_its_report(finished_run, finished_page):
    for name, content in cards_of(read_run_folder(finished_run), finished_page).items():
        assert (finished_run / name).read_text(encoding="utf-8") == content
        assert PHANTOM_MARK in content
    assert (finished_run / MODEL_CARD).is_file() and (finished_run / DATA_CARD).is_file()


def test_the_cards_hold_the_numbers_of_the_files(finished_run, finished_page):
    cards = cards_of(read_run_folder(finished_run), finished_page)
    training = json.loads((finished_run / "gan/training.json").read_text(encoding="utf-8"))
    with (finished_run / "synthetic/manifest.csv").open(encoding="utf-8") as file:
        number = sum(1 for _ in csv.DictReader(file))
    headline = (finished_run / "report.md").read_text(encoding="utf-8").split("## ")[1].splitlines()[0]
    assert f"**Training images**: {training['num_images']}, from the training split only" in cards[MODEL_CARD]
    assert f"{training['images_seen']:,} images seen" in cards[MODEL_CARD]
    assert f"**Images**: {number} NORMAL" in cards[DATA_CARD]
    for card in cards.values():
        assert headline in card, "the study's answer in the report's words"
        for score in json.loads((finished_run / "scores.json").read_text(encoding="utf-8"))["scores"]:
            assert score["title"].replace("(", r"(") in card


def test_every_warning_of_the_report_is_in_the_cards(finished_run, finished_page):
    warnings = next(section for section in finished_page.sections if section.anchor == "warnings").blocks
    for card in cards_of(read_run_folder(finished_run), finished_page).values():
        assert all(f"**{notice.kind}.**" in card for notice in warnings)
        assert "**License**: …" in card, "what no run knows is left to its owner"


def test_a_card_is_removed_when_what_it_describes_is_gone(small_run):
    build_report(small_run)
    assert (small_run / DATA_CARD).is_file()
    (small_run / "synthetic" / "manifest.csv").unlink()
    files = build_report(small_run)
    assert [card.name for card in files.cards] == [MODEL_CARD]
    assert not (small_run / DATA_CARD).exists()


def test_an_inspected_set_has_no_cards(small_run, finished_page):
    for name in ("gan/training.json", "synthetic/manifest.csv"):
        (small_run / name).unlink()
    assert cards_of(read_run_folder(small_run), finished_page) == {}
