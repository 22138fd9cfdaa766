"""Contender: what takes part in a comparison, and what is known of it before it is trained."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mnistkit.errors import ComparisonError, ModelError, WrongTypeError
from mnistkit.messages import shown, with_article
from mnistkit.models import MODELS, Recipe, choose_recipe, recipes_of
from mnistkit.models.code_digest import code_digest
from mnistkit.training.description import as_json

_OF_COMPARE = ("seed", "recipe", "run_dir", "callbacks", "strategy")


@dataclass(frozen=True)
class Contender:
    """What takes part in a comparison: a model, and how it is trained.

    Parameters
    ----------
    model : str or function
        A registered model's name; ``"module:function"``; a function that builds a model, as
        `register_model` takes it; or a function that trains in its own way, see the notes.
    recipe : Recipe or str, optional
        A recipe, or the name of one that the model carries; by default its first one.
    options : mapping, optional
        The model's options, for instance ``{"width": 32}``; also what `Trainer` takes besides, such
        as ``engine``.
    title : str, optional
        What it is called in tables and as a folder. By default the model's name, and the recipe's
        if one is named.

    Notes
    -----
    A function that trains in its own way is called ``function(train, images, seed, **options)``:
    with a `Split` to train on, the images to say something about, uint8 (n, height, width), and the
    number of the seed. It returns probabilities, (n, num_classes), or a tuple of these and a
    `mnistkit.comparison.Cost`, if it can tell what it costs; otherwise the seconds alone are known,
    from its call to its return. It is what has three arguments without a default, and does not take
    ``num_classes`` and ``input_shape``. An interruption makes it begin again, since nobody knows
    its state; and it has no recipe.

    Examples
    --------
    >>> Contender("cnn", recipe="quick").name
    'cnn, quick'
    >>> Contender("cnn", options={"width": 16}, title="narrow").name
    'narrow'
    """

    model: str | Callable[..., Any]
    recipe: Recipe | str | None = field(default=None, kw_only=True)
    options: Mapping[str, Any] | None = field(default=None, kw_only=True)
    title: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.model, str) and (
            not callable(self.model) or hasattr(self.model, "get_weights")
        ):
            raise WrongTypeError(
                f"A contender is the name of a model, 'module:function', or a function, not "
                f"{with_article(self.model)}. A model that is built has one seed's weights "
                "already: give the function that builds it."
            )
        if not isinstance(self.options, Mapping | None):
            raise WrongTypeError(
                f"options={shown(self.options)}: expected the model's options by name, such as "
                "{'width': 32}."
            )
        if not isinstance(self.recipe, Recipe | str | None):
            raise WrongTypeError(
                f"recipe={shown(self.recipe)}: expected a mnistkit.Recipe or the name of one."
            )
        if self.title is not None and (not isinstance(self.title, str) or not self.title.strip()):
            raise ComparisonError(f"title={shown(self.title)}: expected a text.")

    @property
    def name(self) -> str:
        """What it is called: its title, or the model's name, and the recipe's if it is named."""
        if self.title is not None:
            return self.title
        called = self.model if isinstance(self.model, str) else _name_of(self.model)
        called = called.rpartition(":")[2].rpartition(".")[2] if ":" in called else called
        return f"{called}, {self.recipe}" if isinstance(self.recipe, str) else called


@dataclass(frozen=True)
class Entrant:
    """A contender that was looked up.

    Attributes
    ----------
    title : str
    model : str or function
        A name that any process knows, or else the function.
    model_name : str
        What the function is called.
    registered_as : str or None
        The name that the function was registered with in this process.
    trains_itself : bool
        Whether it is a function that trains in its own way.
    recipe : Recipe or None
    options : mapping
    code : str or None
        A digest of the function's code.
    """

    title: str
    model: str | Callable[..., Any]
    model_name: str
    registered_as: str | None
    trains_itself: bool
    recipe: Recipe | None
    options: Mapping[str, Any]
    code: str | None

    @property
    def folder(self) -> str:
        """The name of its folder."""
        return folder_name(self.title)

    @property
    def settings(self) -> dict[str, Any]:
        """What must be the same when the comparison is repeated, as JSON can hold it."""
        return {
            "model": self.model_name,
            "recipe": None if self.recipe is None else self.recipe.to_dict(),
            "options": as_json(self.options),
            "code": self.code,
        }


def entrants_of(
    contenders: Sequence[Contender | str | Callable[..., Any]], num_classes: int
) -> tuple[Entrant, ...]:
    """Look up contenders, and refuse what cannot be compared.

    Raises
    ------
    ComparisonError
        If there are none, two have one title, or one is for another number of classes.
    UnknownNameError, AmbiguousNameError, PluginError, RecipeError, ModelError, WrongTypeError
        If a name leads nowhere, or to something else.
    """
    if isinstance(contenders, str | Contender) or callable(contenders):
        contenders = [contenders]
    given = [one if isinstance(one, Contender) else Contender(one) for one in contenders]
    if not given:
        raise ComparisonError("There are no contenders; give at least one, such as 'dense128'.")
    _refuse_equal_titles([one.name for one in given])
    return tuple(_entrant(one, num_classes) for one in given)


def _refuse_equal_titles(titles: Sequence[str]) -> None:
    folders: dict[str, str] = {}
    for title in titles:
        folder = folder_name(title).casefold()
        if not folder:
            raise ComparisonError(
                f"The title {title!r} cannot be the name of a folder; use letters or digits."
            )
        if folder in folders:
            other = folders[folder]
            told = repr(title) if title == other else f"{other!r} and {title!r}"
            raise ComparisonError(
                f"Two contenders are called {told}. Tell them apart by their titles: "
                "Contender(model, ..., title='...')."
            )
        folders[folder] = title


def folder_name(title: str) -> str:
    """The name of a contender's folder."""
    return re.sub(r"[^\w.+-]+", "-", title).strip("-.")


def _entrant(contender: Contender, num_classes: int) -> Entrant:
    model = contender.model
    function = model if callable(model) else MODELS.get(model)
    options = dict(contender.options or {})
    trains_itself = _trains_itself(function, options, contender.name)
    recipe = None
    if trains_itself:
        if contender.recipe is not None:
            raise ComparisonError(
                f"The contender {contender.name!r} trains in its own way, so it has no recipe; "
                "give what it takes as options={...}."
            )
    else:
        recipe = choose_recipe(recipes_of(function), contender.recipe, repr(contender.name))
        _refuse_options(options, contender.name, num_classes)
    name = model if isinstance(model, str) else _name_of(function)
    return Entrant(
        title=contender.name,
        model=model if isinstance(model, str) and not _is_registered(model) else function,
        model_name=name,
        registered_as=name if _is_registered(name) else None,
        trains_itself=trains_itself,
        recipe=recipe,
        options=options,
        code=code_digest(function),
    )


def _name_of(function: Callable[..., Any]) -> str:
    return MODELS.name_of(function)


def _is_registered(name: str) -> bool:
    """Whether a name is known in this process only."""
    return ":" not in name and MODELS.find(name).origin == "registered"


def _trains_itself(function: Callable[..., Any], options: Mapping[str, Any], title: str) -> bool:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return False  # create_model says what is wrong with it
    if _binds(signature, num_classes=10, input_shape=(28, 28)):
        return False
    if _binds(signature, None, None, 0, **options):
        return True
    raise ModelError(
        f"The contender {title!r} is neither a function that builds a model, with the keyword "
        "options num_classes and input_shape, nor one that trains in its own way, function(train, "
        f"images, seed): it is called {getattr(function, '__name__', 'it')}{signature}"
        + (f", and was given the options {', '.join(map(repr, options))}." if options else ".")
    )


def _binds(signature: inspect.Signature, *args: Any, **options: Any) -> bool:
    try:
        signature.bind(*args, **options)
    except TypeError:
        return False
    return True


def _refuse_options(options: Mapping[str, Any], title: str, num_classes: int) -> None:
    for name in _OF_COMPARE:
        if name in options:
            raise ComparisonError(
                f"The contender {title!r} has the option {name!r}, which is for compare to say. "
                "Leave it out; a recipe is given as Contender(..., recipe=...)."
            )
    classes = options.get("num_classes", num_classes)
    if classes != num_classes:
        raise ComparisonError(
            f"The contender {title!r} is for {shown(classes)} classes, the data has {num_classes}. "
            "Contenders are compared on the same data: leave num_classes out."
        )
