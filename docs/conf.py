"""Sphinx's settings. Build with: sphinx-build -n -W --keep-going -b html docs docs/_build/html."""

from importlib import metadata

from click.testing import CliRunner
from docutils import nodes
from docutils.parsers.rst import Directive

from mnistkit.cli.commands import cli

project = "mnistkit"
author = "The mnistkit developers"
copyright = "2026, the mnistkit developers"  # noqa: A001  (Sphinx's name for it)
release = metadata.version("mnistkit")
version = release

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "numpydoc",
]
exclude_patterns = ["_build", "measured"]  # pages include what lies in measured

html_theme = "furo"
html_title = f"mnistkit {release}"

# Headings can be linked to, as [text](page.md#heading).
myst_heading_anchors = 3

# A public name is documented where users find it, mnistkit.Name; types stand in the docstrings.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
numpydoc_show_class_members = False

# In a docstring `name` is a link if it is the name of something documented. It may as well be a
# parameter that only shares its name with an attribute, so only full names have to lead somewhere.
default_role = "autolink"
nitpick_ignore_regex = [("py:obj", r"(?!mnistkit\.).*")]


class CommandHelp(Directive):
    """``{command-help} train`` shows what ``mnistkit train --help`` prints."""

    optional_arguments = 1
    final_argument_whitespace = True

    def run(self):
        words = self.arguments[0].split() if self.arguments else []
        outcome = CliRunner().invoke(cli, [*words, "--help"], prog_name="mnistkit")
        if outcome.exit_code != 0:
            raise self.error(f"mnistkit {' '.join(words)} --help failed: {outcome.output}")
        text = outcome.output.rstrip()
        return [nodes.literal_block(text, text, language="text")]


def setup(app):
    app.add_directive("command-help", CommandHelp)
