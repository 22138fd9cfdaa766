"""Names, through real installed distributions: folders with a `.dist-info` on `sys.path`."""

from __future__ import annotations

import asyncio
import functools
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mnistkit
from mnistkit.errors import (
    AmbiguousNameError,
    InvalidNameError,
    NameTakenError,
    PluginError,
    UnknownNameError,
    WrongTypeError,
)
from mnistkit.models import MODELS
from mnistkit.registry import Registry

GROUP = "mnistkit.models"


@pytest.fixture
def registry():
    return Registry("model", GROUP, '@register_model("mine")')


def a_function():
    return "mine"


def another_function():
    return "another"


def test_built_ins_come_through_entry_points(registry):
    entries = {entry.name: entry for entry in registry.entries()}
    assert entries["dense128"].origin == "built-in"
    assert entries["dense128"].provider.startswith("mnistkit ")
    assert entries["dense128"].target == "mnistkit.models.dense128:dense128"
    assert registry.get("dense128").__name__ == "dense128"


def test_registered_name_is_found(registry):
    assert registry.register("mine")(a_function) is a_function
    assert registry.get("mine") is a_function
    assert registry.find("mine").origin == "registered"
    assert "mine" in registry.names("mi*")
    assert "dense128" not in registry.names("mi*")


def test_same_function_may_be_registered_again(registry):
    def cell():
        def model():
            pass

        return model

    registry.register("mine")(cell())
    second = cell()
    registry.register("mine")(second)
    assert registry.get("mine") is second


def test_taken_name_is_refused(registry):
    registry.register("mine")(a_function)
    with pytest.raises(NameTakenError, match=r"'mine' is taken by .*:a_function; .*another_func"):
        registry.register("mine")(another_function)
    assert registry.get("mine") is a_function


def test_a_taken_name_says_how_to_free_it(registry):
    registry.register("mine")(a_function)
    with pytest.raises(NameTakenError, match=r"first with mnistkit\.unregister_model\('mine'\)"):
        registry.register("mine")(lambda: 1)


@pytest.mark.parametrize("pattern", [["cnn"], None, 3, b"cnn"])
def test_a_pattern_is_text(registry, pattern):
    with pytest.raises(WrongTypeError, match=r"by a pattern such as 'm\*', not by .*Give a str"):
        registry.names(pattern)


def test_two_lambdas_are_not_the_same_function(registry):
    registry.register("mine")(lambda: 1)
    with pytest.raises(NameTakenError):
        registry.register("mine")(lambda: 2)


def test_built_in_name_is_refused(registry):
    with pytest.raises(NameTakenError, match="'cnn' is a built-in model of mnistkit"):
        registry.register("cnn")(a_function)


def test_unregister_frees_the_name(registry):
    registry.register("mine")(a_function)
    registry.unregister("mine")
    registry.register("mine")(another_function)
    assert registry.get("mine") is another_function
    with pytest.raises(UnknownNameError, match="No model 'other' was registered"):
        registry.unregister("other")


def test_what_is_no_function_is_refused(registry):
    with pytest.raises(WrongTypeError, match="must be a function, not 3"):
        registry.register("mine")(3)


@pytest.mark.parametrize("name", ["", "two words", "a:b", "/a", "a/", "ä", None, 3, "-x"])
def test_bad_name_is_refused(registry, name):
    with pytest.raises(InvalidNameError, match="cannot be the name of a model"):
        registry.register(name)


@given(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,8}(/[A-Za-z0-9_]{1,5})?", fullmatch=True))
def test_any_good_name_is_found_again(name):
    registry = Registry("thing", "mnistkit.no_such_group", "...")
    registry.register(name)(a_function)
    assert registry.get(name) is a_function
    assert registry.names() == [name]


@given(st.text(max_size=20).filter(lambda name: ":" not in name))
def test_unknown_names_always_get_the_same_error(name):
    registry = Registry("thing", "mnistkit.no_such_group", "...")
    with pytest.raises(UnknownNameError, match="There is no thing named"):
        registry.get(name)


def test_unknown_name_says_what_to_do(registry):
    with pytest.raises(UnknownNameError) as caught:
        registry.get("dense12")
    message = str(caught.value)
    assert "There is no model named 'dense12'. Did you mean 'dense128'?" in message
    assert "'cnn', 'dense128'" in message
    assert '@register_model("mine")' in message
    assert "'mnistkit.models'" in message
    assert "'module:function'" in message
    assert isinstance(caught.value, LookupError)


def test_name_must_be_a_string(registry):
    with pytest.raises(WrongTypeError, match="is a str, not 3"):
        registry.get(3)
    for wrong in (["mine"], {}, a_function):
        with pytest.raises(WrongTypeError, match="The name of a model is a str, not"):
            registry.unregister(wrong)


def test_what_a_function_is_called(registry):
    @functools.wraps(a_function)
    def decorated():
        return a_function()

    assert registry.name_of(a_function) == f"{__name__}:a_function"
    registry.register("mine")(a_function)
    assert registry.name_of(a_function) == registry.name_of(decorated) == "mine"
    assert registry.name_of(another_function) == f"{__name__}:another_function"
    registry.register("cnn-again")(registry.get("cnn"))
    assert registry.name_of(registry.get("cnn-again")) == "cnn"
    assert registry.name_of(functools.partial(a_function)) == "mine"


def test_pattern_characters_in_a_name_are_literal(registry):
    with pytest.raises(UnknownNameError):
        registry.get("dense*")


def test_module_function_works_as_a_name(registry):
    assert registry.get("mnistkit.models.cnn:cnn") is registry.get("cnn")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("no_such_module:f", "ModuleNotFoundError"),
        ("mnistkit.models.cnn:nothing", "AttributeError"),
        ("mnistkit.models.cnn:TYPE_CHECKING", "is not a function but False"),
        (":f", "ValueError"),
        ("mnistkit:", "AttributeError"),
    ],
)
def test_bad_module_function_is_a_plugin_error(registry, name, reason):
    with pytest.raises(PluginError, match=reason):
        registry.get(name)


def test_plugin_is_listed_without_being_imported(registry, install):
    install("a-plugin", [("extra", "a_plugin:build")], module="a_plugin", source="raise SystemExit")
    assert "extra" in registry.names()
    assert registry.find("extra").provider == "a-plugin 1.0"
    assert "a_plugin" not in sys.modules


def test_plugin_is_imported_when_asked_for(registry, install):
    install(
        "b-plugin",
        [("extra", "b_plugin:build")],
        module="b_plugin",
        source="""
        def build():
            return "built"
        """,
    )
    assert registry.get("extra")() == "built"


@pytest.mark.parametrize(
    "source", ["import no_such_module", "1 / 0", "raise SystemExit(3)", "def build(:"]
)
def test_broken_plugin_says_which_and_spoils_nothing(registry, install, source):
    install("broken", [("bad", "broken_plugin:build")], module="broken_plugin", source=source)
    assert registry.get("dense128")
    assert "bad" in registry.names()
    with pytest.raises(PluginError) as caught:
        registry.get("bad")
    message = str(caught.value)
    assert "The model 'bad' (broken_plugin:build) of broken 1.0 could not be imported" in message
    assert "Repair or uninstall 'broken'; everything else works without it." in message
    assert caught.value.__cause__ is not None
    assert isinstance(caught.value, ImportError)


@pytest.mark.parametrize("lines", ["no equals sign", "= no.name", "bad = ???", "\0\0"])
def test_broken_metadata_spoils_nothing(registry, install, lines):
    install("mangled", lines)
    assert "dense128" in registry.names()
    assert registry.get("dense128")


def test_two_plugins_with_one_name_are_listed_and_named(registry, install):
    install("first", [("same", "first_plugin:build")])
    install("second", [("same", "second_plugin:build")])
    assert [entry.name for entry in registry.entries("same")] == ["same", "same"]
    with pytest.raises(AmbiguousNameError) as caught:
        registry.get("same")
    assert "first 1.0: first_plugin:build" in str(caught.value)
    assert "second 1.0: second_plugin:build" in str(caught.value)


def test_a_second_copy_of_one_plugin_is_no_ambiguity(registry, install):
    install("my-copy", [("same", "old:build")], version="1.0")
    install("My_Copy", [("same", "new:build")], version="2.0")
    assert registry.find("same").target == "new:build"


def dist_info(site, folder, *, metadata=None, points=None):
    info = site / folder
    info.mkdir(parents=True)
    if metadata is not None:
        (info / "METADATA").write_bytes(metadata)
    if points is not None:
        (info / "entry_points.txt").write_bytes(points)
    return info


def upgraded(site, versions, target="half_v{}:make [extra]"):
    for version in versions:
        dist_info(
            site,
            f"half-{version}.dist-info",
            metadata=f"Metadata-Version: 2.1\nName: half\nVersion: {version}\n".encode(),
            points=f"[{GROUP}]\nhalf = {target.format(version.split('.')[0])}\n".encode(),
        )


@pytest.mark.parametrize("there", [1, 2])
@pytest.mark.parametrize("versions", [("1.0", "2.0"), ("2.0", "1.0")])
def test_of_two_versions_left_behind_the_one_that_is_there_is_taken(
    registry, tmp_path, monkeypatch, versions, there
):
    upgraded(tmp_path, versions)
    (tmp_path / f"half_v{there}.py").write_text("raise SystemExit")
    monkeypatch.syspath_prepend(tmp_path)
    assert [entry.target for entry in registry.entries("half")] == [f"half_v{there}:make"]
    assert registry.find("half").provider == f"half {there}.0"
    assert f"half_v{there}" not in sys.modules


def test_modules_inside_a_package_are_looked_for_without_importing_it(
    registry, tmp_path, monkeypatch
):
    upgraded(tmp_path, ("3.0", "4.0"), target="half_package.v{}:make")
    (tmp_path / "half_package").mkdir()
    (tmp_path / "half_package" / "__init__.py").write_text("raise SystemExit")
    (tmp_path / "half_package" / "v3.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert registry.find("half").target == "half_package.v3:make"
    assert "half_package" not in sys.modules


@pytest.mark.parametrize("versions", [("1.9", "1.10"), ("2.0rc1", "2.0"), ("odd", "0.1")])
def test_of_two_usable_versions_the_newer_is_taken(registry, tmp_path, monkeypatch, versions):
    upgraded(tmp_path, versions, target="half_same:make")
    (tmp_path / "half_same.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert registry.find("half").provider == f"half {versions[1]}"


@pytest.mark.parametrize("value", ["extra_plugin:build [one]", "extra_plugin : build[one, two]"])
def test_extras_of_an_entry_point_are_no_part_of_its_function(registry, install, value):
    install("x-extra", [("extra", value)], module="extra_plugin", source="build = print")
    assert registry.find("extra").target == "extra_plugin:build"
    assert registry.get("extra") is print


GOOD = b"Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n"
POINT = b"[mnistkit.models]\nodd = odd_plugin:build\n"


@pytest.mark.parametrize(
    ("described", "points"),
    [
        (None, POINT),
        (b"", POINT),
        (b"Metadata-Version: 2.1\nVersion: 1.0\n", POINT),
        (b"Metadata-Version: 2.1\nName: odd\n", POINT),
        (b"Name: \xff\xfe\nVersion: \x00\n", POINT),
        (GOOD, POINT + b"\xff\xfe"),
        (GOOD, b"[[[\n[mnistkit.models\n]odd"),
        (GOOD, b"odd = odd_plugin:build"),
        (GOOD, b"[mnistkit.models]\nodd"),
        (GOOD, b"[mnistkit.models]\nodd ="),
        (GOOD, b"[mnistkit.models]\nodd = odd_plugin"),
        (GOOD, b"[mnistkit.models]\nodd = a b c:d e [f"),
        (GOOD, b"[mnistkit.models]\n = :\n"),
        (GOOD, bytes(range(256))),
    ],
)
def test_no_broken_distribution_spoils_anything_else(
    registry, install, tmp_path, monkeypatch, described, points
):
    install("sound", [("sound", "sound_plugin:build")], module="sound_plugin", source="build = dir")
    dist_info(tmp_path, "odd-1.0.dist-info", metadata=described, points=points)
    monkeypatch.syspath_prepend(tmp_path)
    assert {"dense128", "sound"} <= set(registry.names())
    assert registry.get("sound") is dir
    assert registry.get("dense128").__name__ == "dense128"
    for name in set(registry.names()) - {"dense128", "cnn", "sound"}:
        with pytest.raises(PluginError, match=r"Repair or uninstall 'odd'"):
            registry.get(name)


def test_files_in_the_place_of_folders_spoil_nothing(registry, tmp_path, monkeypatch):
    (tmp_path / "file-1.0.dist-info").write_text("a file")
    locked = dist_info(tmp_path, "locked-1.0.dist-info", metadata=GOOD, points=POINT)
    locked.chmod(0)
    (dist_info(tmp_path, "folders-1.0.dist-info") / "entry_points.txt").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert "dense128" in registry.names()
    locked.chmod(0o755)


def test_a_finder_that_fails_spoils_nothing(registry, monkeypatch):
    class Finder:
        @staticmethod
        def find_distributions(context):
            raise RuntimeError("no distributions today")

        @staticmethod
        def find_spec(name, path=None, target=None):
            return None

    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    assert {"cnn", "dense128"} <= set(registry.names())


@pytest.mark.parametrize("name", ["MNISTKIT", "Mnistkit", "mnistkit"])
def test_another_distribution_of_this_name_hides_nothing(registry, install, name, caplog):
    install(name, [("cnn", "namesake:build"), ("its-own", "namesake:build")], version="9.0")
    entries = {entry.name: entry for entry in registry.entries() if entry.hidden_by is None}
    assert entries["dense128"].origin == entries["cnn"].origin == "built-in"
    assert not entries["cnn"].provider.endswith(" 9.0")
    assert registry.get("cnn").__module__ == "mnistkit.models.cnn"
    assert (entries["its-own"].origin, entries["its-own"].provider) == ("plugin", f"{name} 9.0")


def test_what_another_distribution_of_this_name_offers_is_not_built_in(registry, install):
    points = [("cnn", "mnistkit.models.dense128:dense128"), ("new", "mnistkit.models.cnn:cnn")]
    install("MNISTKIT", points, version="9.0")
    assert registry.get("cnn").__name__ == "cnn"
    assert "new" not in registry.names()
    install("follower", points)
    assert registry.find("cnn").provider.startswith("mnistkit ")
    assert registry.find("new").origin == "plugin"


def test_the_distribution_that_this_package_lies_in_is_the_built_in_one(tmp_path):
    """A copy beside its metadata, behind a stranger of the same name."""
    site, stranger = tmp_path / "site", tmp_path / "stranger"
    shutil.copytree(Path(mnistkit.__file__).parent, site / "mnistkit")
    points = f"[{GROUP}]\ncnn = mnistkit.models.{{}}:{{}}\n"
    for folder, version, target in ((stranger, "9.0", "dense128"), (site, "7.0", "cnn")):
        dist_info(
            folder,
            f"mnistkit-{version}.dist-info",
            metadata=f"Metadata-Version: 2.1\nName: mnistkit\nVersion: {version}\n".encode(),
            points=points.format(target, target).encode(),
        )
    script = (
        "from mnistkit.models import MODELS; e = MODELS.find('cnn'); print(e.provider, e.target)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(stranger), str(site)])},
    )  # fmt: skip
    assert run.stdout.strip() == "mnistkit 7.0 mnistkit.models.cnn:cnn"


def test_a_project_around_this_package_is_not_it(registry, monkeypatch, tmp_path):
    """Metadata of that name in a folder above the package, as of a project with an environment."""
    monkeypatch.setattr("mnistkit.installed._OWN_FILE", tmp_path / "lib/mnistkit/installed.py")
    dist_info(
        tmp_path,
        "MNISTKIT-9.0.dist-info",
        metadata=b"Metadata-Version: 2.1\nName: MNISTKIT\nVersion: 9.0\n",
        points=f"[{GROUP}]\ncnn = mnistkit.models.dense128:dense128\n".encode(),
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert registry.find("cnn").target == "mnistkit.models.cnn:cnn"


LEAVING = [
    "from unittest import SkipTest; raise SkipTest('no')",
    "import pytest; pytest.skip('no', allow_module_level=True)",
    "import pytest; pytest.exit('no')",
    "class Own(BaseException): pass\nraise Own('no')",
    "class Mute(Exception):\n    def __str__(self): return 1 / 0\nraise Mute",
    "raise MemoryError",
    "build = 'x' * 10_000",
]


@pytest.mark.parametrize("source", LEAVING)
def test_whatever_a_plugin_raises_is_a_plugin_error(registry, install, source):
    install("leaving", [("bad", "leaving_plugin:build")], module="leaving_plugin", source=source)
    with pytest.raises(PluginError, match=r"of leaving 1\.0") as caught:
        registry.get("bad")
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("raise KeyboardInterrupt", KeyboardInterrupt),
        ("raise GeneratorExit", GeneratorExit),
        ("import asyncio; raise asyncio.CancelledError", asyncio.CancelledError),
    ],
)
def test_who_interrupts_an_import_is_heard(registry, install, statement, error):
    install("slow", [("bad", "slow_plugin:build")], module="slow_plugin", source=statement)
    with pytest.raises(error):
        registry.get("bad")


def test_built_in_is_never_shadowed(registry, install, caplog):
    install("shadow", [("dense128", "shadow_plugin:build")])
    assert registry.get("dense128").__module__ == "mnistkit.models.dense128"
    assert "shadow 1.0 offers a model named 'dense128' too" in caplog.text
    assert "'shadow_plugin:build'" in caplog.text
    caplog.clear()
    registry.get("dense128")
    assert not caplog.text
    hidden = [entry for entry in registry.entries("dense128") if entry.hidden_by]
    assert [entry.provider for entry in hidden] == ["shadow 1.0"]


def test_registered_name_wins_over_a_plugin(registry, install):
    install("offers", [("mine", "offers_plugin:build")])
    registry.register("mine")(a_function)
    assert registry.get("mine") is a_function


def test_how_a_missing_installation_shows(tmp_path):
    """Run from a folder that holds the package but no metadata of it."""
    script = f"""
        import sys
        from importlib import metadata
        sys.path.insert(0, {str(tmp_path)!r})
        import mnistkit.registry as module
        metadata.distributions = lambda: iter(())
        module.Registry("model", "mnistkit.models", "...").get("cnn")
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False
    )
    assert "mnistkit's own entry points are missing too: install it with pip." in run.stderr


def test_public_registry_lists_both_built_in_models():
    assert {"cnn", "dense128"} <= set(MODELS.names())


@pytest.mark.parametrize(
    ("name", "meant"),
    [("MNIST", "mnist"), ("FashionMNIST", "fashion_mnist"), ("fashion-mnist", "fashion_mnist"),
     ("EMNIST/Letters", "emnist/letters"), ("QMnist", "qmnist"), ("kmnst", "kmnist")],
)  # fmt: skip
def test_a_name_written_as_others_do_is_recognised(name, meant):
    with pytest.raises(UnknownNameError, match=f"Did you mean '{meant}'"):
        mnistkit.load_dataset(name)
