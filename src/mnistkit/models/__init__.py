"""What learns: one file an architecture, each with its recipes, and the registry of names."""

from mnistkit.models.augmentation import Augmentation
from mnistkit.models.catalogue import MODELS, create_model, list_models, register_model
from mnistkit.models.cost import count_multiply_adds
from mnistkit.models.origin import ModelOrigin, origin_of, unchanged_origin_of
from mnistkit.models.recipe import Recipe, choose_recipe, recipes_of, with_recipes
from mnistkit.models.shipped import MeasuredOn, WeightsCard, list_weights, weights_card

__all__ = [
    "MODELS",
    "Augmentation",
    "MeasuredOn",
    "ModelOrigin",
    "Recipe",
    "WeightsCard",
    "choose_recipe",
    "count_multiply_adds",
    "create_model",
    "list_models",
    "list_weights",
    "origin_of",
    "recipes_of",
    "register_model",
    "unchanged_origin_of",
    "weights_card",
    "with_recipes",
]
