"""What learns: one file an architecture, each with its recipes, and the registry of names."""

from mnistkit.models.catalogue import MODELS, create_model, list_models, register_model
from mnistkit.models.origin import ModelOrigin, origin_of, unchanged_origin_of
from mnistkit.models.recipe import Recipe, choose_recipe, recipes_of, with_recipes

__all__ = [
    "MODELS",
    "ModelOrigin",
    "Recipe",
    "choose_recipe",
    "create_model",
    "list_models",
    "origin_of",
    "recipes_of",
    "register_model",
    "unchanged_origin_of",
    "with_recipes",
]
