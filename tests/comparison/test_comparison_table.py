"""The table of a comparison: every form has the same cells."""

from __future__ import annotations

import csv
import io
import re

import pytest

from mnistkit.comparison import ContenderResult, Cost, MeanAccuracy, Variance
from mnistkit.comparison import comparison_table as tables
from mnistkit.errors import UnknownNameError

MEAN = MeanAccuracy("a|b", 0.98, (0.97, 0.985), (0.98,), Variance(1e-6, 20, (), (1,)))


def row(title: str, cost: Cost | None, mean: MeanAccuracy | None, errors=None) -> tables.Row:
    costs = {} if cost is None else {0: cost}
    return tables.Row(
        ContenderResult(title, "cnn", None, {}, {}, {"usps": {}}, {}, costs, errors or {}), mean
    )


ROWS = [
    row("a|b", Cost(1234.5, 34_826, 2_440_960, 139_304, 0.5, 12_345.6), MEAN),
    row("<i>", None, None, {0: "ValueError: no", 3: "OSError"}),
]
COLUMNS = tables.columns(("usps",), robustness=True)


def test_text_markdown_and_html_have_the_same_cells() -> None:
    text = [re.split("  +", line) for line in tables.as_text(ROWS, COLUMNS).splitlines()]
    lines = tables.as_markdown(ROWS, COLUMNS).splitlines()
    markdown = [
        [cell.replace("\\|", "|") for cell in line.strip("| ").split(" | ")]
        for line in (lines[0], *lines[2:])
    ]
    page = tables.as_html(ROWS, COLUMNS, "what & where")
    html = re.findall(r"<t[hd](?: [^>]*)?>(.*?)</t[hd]>", page)
    assert text == markdown
    assert html == [cell.replace("<i>", "&lt;i&gt;") for line in text for cell in line]
    assert "<caption>what &amp; where</caption>" in page
    assert {line.count("|") - line.count("\\|") for line in lines} == {len(COLUMNS) + 1}


def test_numbers_are_shown_as_people_read_them() -> None:
    cells = {column.name: column.cell(ROWS[0]) for column in COLUMNS}
    assert cells["accuracy_interval"] == "97.00 to 98.50"
    assert cells["parameters"] == "34,826"
    assert cells["weight_bytes"] == "0.14"
    assert cells["fit_seconds"] == "1,234"
    assert cells["one_image_ms"] == "0.50"
    assert cells["images_per_second"] == "12,346"


def test_what_is_not_known_is_a_dash_and_in_csv_empty() -> None:
    unknown = {column.name: column.cell(ROWS[1]) for column in COLUMNS[2:]}
    assert set(unknown.values()) == {"-"}
    _, failed = csv.DictReader(io.StringIO(tables.as_csv(ROWS, COLUMNS)))
    assert {failed[name] for name in ("accuracy_low", "accuracy_high", "accuracy_on_usps")} == {""}
    assert failed["errors"] == "seed 0: ValueError: no; seed 3: OSError"


def test_csv_has_the_numbers_and_both_ends_of_the_interval() -> None:
    first, _ = csv.DictReader(io.StringIO(tables.as_csv(ROWS, COLUMNS)))
    assert first["contender"] == "a|b"
    assert (float(first["accuracy_low"]), float(first["accuracy_high"])) == MEAN.interval
    assert float(first["fit_seconds"]) == 1234.5
    assert list(first)[3:6] == ["accuracy_deviation", "accuracy_low", "accuracy_high"]


def test_columns_are_chosen_by_name_in_the_order_asked_for() -> None:
    chosen = tables.chosen_columns(COLUMNS, ("parameters", "contender"))
    assert [column.name for column in chosen] == ["parameters", "contender"]
    assert tables.chosen_columns(COLUMNS, None) == COLUMNS
    with pytest.raises(UnknownNameError, match="There is no column 'size'; there are 'contender'"):
        tables.chosen_columns(COLUMNS, ("size",))
