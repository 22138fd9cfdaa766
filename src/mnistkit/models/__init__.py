"""What learns: one file per architecture, each with its recipes, and the registry of names."""

from mnistkit.models.augmentation import Augmentation
from mnistkit.models.card import Measurement, ModelCard
from mnistkit.models.catalogue import (
    MODELS,
    create_model,
    described_model,
    list_models,
    list_recipes,
    register_model,
    unregister_model,
)
from mnistkit.models.cost import count_multiply_adds
from mnistkit.models.pretrained import list_weights, model_card
from mnistkit.models.recipe import Recipe, choose_recipe, recipes_of, with_recipes
from mnistkit.models.spec import ModelSpec, builder_of, spec_of, unchanged_spec_of

__all__ = [
    "MODELS",
    "Augmentation",
    "Measurement",
    "ModelCard",
    "ModelSpec",
    "Recipe",
    "builder_of",
    "choose_recipe",
    "count_multiply_adds",
    "create_model",
    "described_model",
    "list_models",
    "list_recipes",
    "list_weights",
    "model_card",
    "recipes_of",
    "register_model",
    "spec_of",
    "unchanged_spec_of",
    "unregister_model",
    "with_recipes",
]
