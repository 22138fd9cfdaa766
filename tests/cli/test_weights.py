from __future__ import annotations


def test_the_files_are_made_and_the_card_is_shown(run, trained, tmp_path):
    _, folder = trained
    done = run(
        "weights", folder, "--out", tmp_path / "weights", "--name", "mine", "--licence", "CC0"
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "weights='mine')" in done.stdout
    assert "digits test: " in done.stdout
    assert "licence      CC0" in done.stdout
    assert {path.name for path in (tmp_path / "weights").iterdir()} == {
        "mine.json", "mine.npz", "mine.onnx",
    }  # fmt: skip


def test_mistakes_are_told_at_once(run_light, tmp_path):
    done = run_light("weights", tmp_path, "--out", tmp_path, "--also-on", "nmist")
    assert done.returncode == 1
    assert "no data set named 'nmist'. Did you mean 'mnist'?" in done.stderr


def test_files_in_the_way_are_all_named_before_tensorflow_is_imported(run_light, trained, tmp_path):
    _, folder = trained
    for suffix in (".npz", ".onnx", ".json"):
        (tmp_path / f"digits{suffix}").touch()
    done = run_light("weights", folder, "--out", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"Error: {str(tmp_path)!r} has 'digits.npz', 'digits.onnx', 'digits.json' already. Choose "
        "another folder or name, or have them replaced (overwrite=True, --overwrite).\n"
    )
