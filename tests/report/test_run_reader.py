import pytest

from ganbal.errors import InputError
from ganbal.report.run_reader import read_run_folder


def test_reads_everything_a_run_leaves(tmp_path, made_up_run):
    run = read_run_folder(made_up_run().write(tmp_path / "run"))
    assert run.unread == ()
    assert run.set_name == "chest_xray"
    assert run.gan_class == "NORMAL"
    assert [step for step, _ in run.sample_grids] == [500, 1000, 1500, 2000, 2500]
    assert len(run.cells) == 4 * 2 * 5
    assert run.setting("gan.batch_size") == 64
    assert run.setting("gan.no_such.setting") is None


def test_class_names_stay_text(tmp_path, made_up_run):
    run = read_run_folder(made_up_run(classes=("01", "NA"), classifiers=("vgg16",), seeds=1).write(tmp_path / "run"))
    assert set(run.cells[0].predictions["label"]) == {"01", "NA"}
    assert set(run.manifest["label"]) == {"01"}


def test_missing_folder(tmp_path):
    with pytest.raises(InputError, match=r"Expected a run folder at .*; found nothing"):
        read_run_folder(tmp_path / "nowhere")


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="found a file"):
        read_run_folder(tmp_path / "file")


def test_a_folder_of_something_else(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match="found none of them"):
        read_run_folder(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("scores.json", '{"scores": [', "scores.json"),
        ("scores.json", "[1, 2]", "it lacks scores"),
        ("study/summary.json", '{"arms": []}', "it lacks classifiers, seeds"),
        ("gan/history.csv", "a,b\n1,2\n", "it lacks step"),
        ("gan/history.csv", "", "gan/history.csv"),
        ("config.yaml", "gan: [", "config.yaml"),
    ],
)
def test_damaged_files_are_named_and_left_out(tmp_path, made_up_run, name, content, reason):
    folder = made_up_run(classifiers=("vgg16",), seeds=1).write(tmp_path / "run")
    (folder / name).write_text(content, encoding="utf-8")
    unread = read_run_folder(folder).unread
    assert [found for found, _ in unread] == [name]
    assert reason in f"{unread[0][0]}: {unread[0][1]}"


def test_commands_name_the_run(tmp_path, made_up_run):
    settings = made_up_run(parts=("config",))
    assert read_run_folder(settings.write(tmp_path / "outputs" / "one")).command("score") == (
        "ganbal score --run outputs/one"
    )
    spaced = settings.write(tmp_path / "my runs" / "one")
    assert read_run_folder(spaced).command("score") == f"ganbal score --run '{spaced}'"
