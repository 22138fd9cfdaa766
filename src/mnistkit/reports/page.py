"""The templates, filled in."""

from __future__ import annotations

from typing import Any


def render(template: str, **content: object) -> str:
    """Fill in a template of the folder ``templates``; whatever is given is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("mnistkit.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"percent": _percent, "sure": _sure}
    return environment.get_template(template).render(**content)


def _percent(share: float, decimals: int = 2) -> str:
    return f"{share:.{decimals}%}"


def _sure(share: Any) -> str:
    """A probability in percent, but 0% and 100% only for what is exactly that."""
    if 0 < share < 0.001:
        return "<0.1%"
    if 0.999 <= share < 1:
        return ">99.9%"
    return f"{share:.1%}"
