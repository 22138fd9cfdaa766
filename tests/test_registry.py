"""Names, through real installed distributions: folders with a `.dist-info` on `sys.path`."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistkit.errors import (
    AmbiguousNameError,
    NameTakenError,
    PluginError,
    UnknownNameError,
)
from mnistkit.models import MODELS
from mnistkit.registry import Registry

GROUP = "mnistkit.models"


@pytest.fixture
def registry():
    return Registry("model", GROUP, '@register_model("mine")')


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a distribution with entry points, and perhaps its module, on sys.path."""

    def _install(name, points, *, version="1.0", module=None, source="", group=GROUP):
        site = tmp_path / f"site-{name}"
        info = site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        lines = points if isinstance(points, str) else "\n".join(f"{k} = {v}" for k, v in points)
        (info / "entry_points.txt").write_text(f"[{group}]\n{lines}\n")
        if module:
            (site / f"{module}.py").write_text(textwrap.dedent(source))
            monkeypatch.delitem(sys.modules, module, raising=False)
        monkeypatch.syspath_prepend(site)
        return site

    return _install


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
    with pytest.raises(TypeError, match="must be a function, not 3"):
        registry.register("mine")(3)


@pytest.mark.parametrize("name", ["", "two words", "a:b", "/a", "a/", "ä", None, 3, "-x"])
def test_bad_name_is_refused(registry, name):
    with pytest.raises(ValueError, match="cannot be the name of a model"):
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
    with pytest.raises(TypeError, match="is a str, not 3"):
        registry.get(3)


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
