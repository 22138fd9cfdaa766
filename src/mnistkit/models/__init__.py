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
from mnistkit.models.network_metadata import NetworkMetadata
from mnistkit.models.pretrained import list_weights, model_card
from mnistkit.models.recipe import Recipe, choose_recipe, recipes_of, with_recipes
from mnistkit.models.search_space import (
    Choice,
    Range,
    SearchSpace,
    choice,
    log_uniform,
    search_space_of,
    space_for,
    uniform,
    whole,
    with_search_space,
)
from mnistkit.models.spec import ModelSpec, builder_of, spec_of, unchanged_spec_of
from mnistkit.models.temperature import note_temperature, temperature_of

__all__ = [
    "MODELS",
    "Augmentation",
    "Choice",
    "Measurement",
    "ModelCard",
    "ModelSpec",
    "NetworkMetadata",
    "Range",
    "Recipe",
    "SearchSpace",
    "builder_of",
    "choice",
    "choose_recipe",
    "count_multiply_adds",
    "create_model",
    "described_model",
    "list_models",
    "list_recipes",
    "list_weights",
    "log_uniform",
    "model_card",
    "note_temperature",
    "recipes_of",
    "register_model",
    "search_space_of",
    "space_for",
    "spec_of",
    "temperature_of",
    "unchanged_spec_of",
    "uniform",
    "unregister_model",
    "whole",
    "with_recipes",
    "with_search_space",
]
