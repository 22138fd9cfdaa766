"""Trainer: compile, fit, evaluate, predict, save; the model inside stays a plain Keras model."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnistkit.datasets import Split
from mnistkit.errors import OptionError, RecipeError
from mnistkit.evaluation import Calibration, Evaluation
from mnistkit.messages import shown
from mnistkit.models import (
    Augmentation,
    Recipe,
    builder_of,
    choose_recipe,
    described_model,
    note_temperature,
    recipes_of,
    temperature_of,
)
from mnistkit.models.building import seeded_everywhere
from mnistkit.models.keras_settings import require_keras
from mnistkit.training.augmentation import refuse_augmentation
from mnistkit.training.batches import Batches
from mnistkit.training.blueprint import blueprint_of
from mnistkit.training.calibration import refuse_trained_on
from mnistkit.training.callback_checks import (
    Callbacks,
    checked_callbacks,
    refuse_missing_tensorboard,
    refuse_second_schedule,
)
from mnistkit.training.compile_checks import checked_settings, refuse_unknown_in
from mnistkit.training.contract import (
    checked_model,
    refuse_other_contract,
    refuse_slow_precision,
    refuse_unbuilt,
)
from mnistkit.training.data import TrainingData, training_data
from mnistkit.training.description import (
    Description,
    as_saved,
    describe,
    fits_of,
    with_temperature,
)
from mnistkit.training.engine import ENGINES, make_engine
from mnistkit.training.fit import Beginning, Fit
from mnistkit.training.fit_recipe import recipe_for_fit, recipe_on_data, with_enough_epochs
from mnistkit.training.inputs import Inputs, checked_kind
from mnistkit.training.keras_arguments import answers_keras
from mnistkit.training.labelled import Data
from mnistkit.training.late_build import build_on
from mnistkit.training.loss_checks import (
    refuse_other_loss,
    refuse_other_recipe,
    refuse_unknown_names,
    takes_class_numbers,
)
from mnistkit.training.measuring import measure, predict
from mnistkit.training.metric_checks import refuse_other_metrics
from mnistkit.training.optimizers import compile_from_recipe, in_effect, is_compiled_by_caller
from mnistkit.training.outputs import refuse_no_classes
from mnistkit.training.own_augmentation import OwnAugmentation, own_function
from mnistkit.training.past_fits import note_past_fits, past_fits
from mnistkit.training.run import Run, refuse_run_in_the_way
from mnistkit.training.run_folder import RunFolder
from mnistkit.training.sample_weights import ClassWeight
from mnistkit.training.seeding import checked_seed, fit_seed
from mnistkit.training.serializable import refuse_unserializable
from mnistkit.training.shapes import input_shape_of
from mnistkit.training.verbosity import checked_verbosity

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


class Trainer:
    """Trains a model and says how good it is.

    Parameters
    ----------
    model : str, function or keras.Model
        What `create_model` takes, a name or a function that builds a model; or a model. If the
        model is compiled already, its optimizer, loss and metrics are used; otherwise the
        recipe's.
    recipe : Recipe or str, optional
        How to train: a recipe, or the name of one that the model carries, for instance
        ``"constant"``. By default the model's first recipe. Of one beside a compiled model, epochs,
        batch size and augmentation have an effect; a warning names what else it sets.
    seed : int, default 0
        Fixes the initial weights (if the trainer builds the model), the order of the images in
        every epoch, the random layers, and which images a fraction sets aside for validation.
    run_dir : str or path-like, optional
        A folder that keeps what a run needs to go on after an interruption, and its result.
    engine : {"auto", "xla", "graph", "keras"}, default "auto"
        How `fit` runs. ``"xla"`` and ``"graph"`` are compiled programs that take hundreds of steps
        at a time, with and without XLA; ``"keras"`` is Keras' own ``fit``. ``"auto"`` takes XLA on
        a GPU and for networks without convolutions, the graph for the others, and Keras for a
        model with a ``train_step`` of its own, and for a `strategy`. Data that comes in batches
        is always trained on by Keras.
        All give the same numbers up to rounding, but dropout and augmentation draw other
        numbers under XLA, as they do in Keras with ``jit_compile=True``.
    strategy : tf.distribute.Strategy, optional
        For several devices, for instance ``tf.distribute.MirroredStrategy()``. The model must be
        given by name, or be built within ``strategy.scope()``.
    callbacks : sequence of keras.callbacks.Callback, or one, default ()
        Used in every `fit`.
    inputs : {"images", "as they are"}, default "images"
        What the model is given. ``"images"`` are integers in 0-255, which are divided by 255, or
        floats in [0, 1]. ``"as they are"`` is for standardised images and other numbers: nothing is
        divided, and no range is asked for, in `fit`, `evaluate` and `predict`, also after `load`.
    **options
        What `create_model` takes besides, for instance ``num_classes=26``, ``width=32`` or
        ``weights="mnist"``. If nothing is said of `num_classes` and `input_shape`, the first `fit`
        builds the model anew where the data asks for it: for images of another shape, for more
        classes, and for fewer if all are known, as by a `Split` or one-hot labels. A stream asks
        for nothing.

    Attributes
    ----------
    model : keras.Model
        The model, a plain one.
    recipe : Recipe
        How it is trained.
    seed : int
    engine : str
        The engine of the last `fit`, as chosen; before, as asked for.
    run_dir : pathlib.Path or None
    inputs : str
    history : dict of str to list of float
        What was measured in all epochs, those of earlier fits and of a run that was loaded first;
        NaN where a quantity was not measured. Empty before.

    Raises
    ------
    UnknownNameError, AmbiguousNameError, PluginError
        If the model's name leads nowhere.
    RecipeError
        If the model carries no recipe of that name.
    OptionError
        If the model does not take an option, or is built already.
    ModelError
        If it takes no images, or divides them by 255 again, or tells no classes apart and was not
        compiled with a loss of its own; the message says what to write instead.

    Examples
    --------
    >>> import mnistkit
    >>> data = mnistkit.load_dataset("digits")
    >>> trainer = mnistkit.Trainer("dense128")
    >>> history = trainer.fit(data.train, epochs=2, verbose=0)
    >>> sorted(history.history)
    ['accuracy', 'loss']
    >>> trainer.evaluate(data.test).accuracy > 0.5
    True
    """

    def __init__(
        self,
        model: str | Callable[..., keras.Model] | keras.Model,
        *,
        recipe: Recipe | str | None = None,
        seed: int = 0,
        run_dir: str | os.PathLike[str] | None = None,
        engine: Literal["auto", "xla", "graph", "keras"] = "auto",
        strategy: tf.distribute.Strategy | None = None,
        callbacks: Callbacks = (),
        inputs: Literal["images", "as they are"] = "images",
        **options: Any,
    ) -> None:
        if engine not in ENGINES:
            raise RecipeError(f"engine={engine!r}: expected one of {', '.join(ENGINES)}.")
        self.seed = checked_seed(seed)
        self.inputs: Inputs = checked_kind(inputs)
        if strategy is not None and not hasattr(strategy, "scope"):
            raise OptionError(
                f"strategy={shown(strategy)}: expected a tf.distribute.Strategy, such as "
                "tf.distribute.MirroredStrategy()."
            )
        self._strategy = strategy
        require_keras()
        self._blueprint = blueprint_of(model, options, self.seed)
        with self._scope():
            built = self._blueprint.build() if self._blueprint else model
        self.model = checked_model(built, self.seed, as_images=self.inputs == "images")
        self._recipes = recipes_of(builder_of(self.model))
        self.recipe = choose_recipe(self._recipes, recipe, described_model(self.model))
        refuse_unknown_names(self.recipe)
        self._folder = None if run_dir is None else RunFolder(run_dir)
        self.run_dir = None if self._folder is None else self._folder.path
        self.engine: str = engine
        self._wanted_engine: str = "keras" if strategy is not None else engine
        self.callbacks = checked_callbacks(callbacks)
        self.history: dict[str, list[float]] = {}
        self._description: Description | None = None  # of the last fit, or of what was loaded
        self._beginning: Beginning | None = None  # of the last fit
        # What the caller compiled stays; what the recipe compiled is made anew for every fit,
        # since its schedule depends on the number of steps.
        self._compiled_by_caller = False
        self._compile_settings: dict[str, Any] = {}
        self._note_own_compile(recipe_is_given=recipe is not None)

    def compile(
        self,
        optimizer: str | keras.Optimizer = "adam",
        loss: Any = "sparse_categorical_crossentropy",
        metrics: Sequence[Any] = ("accuracy",),
        weighted_metrics: Sequence[Any] = (),
    ) -> None:
        """Use this optimizer, loss and metrics in place of the recipe's.

        Parameters
        ----------
        optimizer : str or keras.Optimizer, default "adam"
        loss : str or keras.Loss, default "sparse_categorical_crossentropy"
            For class numbers; for one-hot or soft labels ``"categorical_crossentropy"``.
        metrics, weighted_metrics : sequence of str or keras.Metric, or one

        Raises
        ------
        RecipeError
            If Keras does not know a name, or a class stands where an object belongs.

        Notes
        -----
        For Keras' other settings call ``trainer.model.compile(...)``. A recipe's weight decay,
        label smoothing and weight averaging have no effect beside it, as a warning says; its
        epochs, batch size and augmentation have.
        """
        settings = checked_settings(optimizer, loss, metrics, weighted_metrics)
        with self._scope():
            self.model.compile(**settings)
        self._compile_settings = settings
        self._note_own_compile()

    @answers_keras
    def fit(
        self,
        data: Data | Batches,
        *,
        validation: Data | Batches | float | None = None,
        epochs: int | None = None,
        initial_epoch: int | None = None,
        batch_size: int | None = None,
        augmentation: Augmentation | Callable[..., Any] | None = None,
        callbacks: Callbacks = (),
        class_weight: ClassWeight | None = None,
        sample_weight: ArrayLike | None = None,
        resume: bool | Literal["anyway"] = False,
        overwrite: bool = False,
        verbose: int | Literal["auto"] | None = None,
    ) -> keras.callbacks.History:
        """Train the model, or train it on.

        A second `fit` goes on counting epochs, and so with the order and the variations of the
        images: three fits of one epoch see what one of three epochs sees. A recipe's optimizer and
        schedule begin anew in each; an optimizer that you compiled goes on.

        Parameters
        ----------
        data : Split, (images, labels), tf.data.Dataset or keras.utils.PyDataset
            Images are integers in 0-255 or floats in [0, 1], unless the trainer takes numbers as
            they are. Labels are class numbers, or a probability a class: one-hot or soft. A
            ``tf.data.Dataset`` or ``PyDataset`` yields batches of (images, labels) or (images,
            labels, weights), and is trained on by Keras' own ``fit``, in its own order.
        validation : Split, (images, labels), tf.data.Dataset, PyDataset or float, optional
            What to measure after every epoch; a fraction sets that share of every class aside.
        epochs : int, optional
            How many epochs to train, in place of the recipe's, which are more if the images are
            so few that its `min_steps` asks for it.
        initial_epoch : int, optional
            The number of the first epoch, counted from 0, in place of the next one; `epochs` is
            then, as in Keras, the number of the last one, counted from 1.
        batch_size : int, optional
            In place of the recipe's. What comes in batches has a size of its own.
        augmentation : Augmentation or function, optional
            How training images are varied, in place of the recipe's. A function is called with a
            batch of images, float32 (n, height, width), and returns as many of the same shape, by
            TensorFlow's operations. If it takes a second argument, that is a seed for
            ``tf.random.stateless_uniform`` and the like, other in every step, and fixed by the
            trainer's seed.
        callbacks : sequence of keras.callbacks.Callback, or one, default ()
            Besides the trainer's own. If one looks at batches, every step is a call from Python,
            and a warning names it.
        class_weight : mapping of int to float, array_like of float, or "balanced", optional
            How much each class counts in the loss: by class number, a number for every class, or
            so much that all classes together count the same.
        sample_weight : array_like of float, shape (n,), optional
            How much each image counts in the loss; not together with a validation fraction.
        resume : bool or "anyway", default False
            Continue the run in `run_dir`, to the very weights that it would have had without the
            interruption; begin it if there is none. A finished run is not trained again.
            ``"anyway"`` continues it even if settings, data or versions have changed. The order of
            a ``tf.data.Dataset`` is its own, so such a run is continued, but not exactly.
        overwrite : bool, default False
            Replace a run that is in `run_dir` already, which stays until the new one is finished.
        verbose : {0, 1, 2, "auto"}, optional
            Nothing, a progress bar, or a line an epoch. By default a bar on a terminal or in a
            notebook, and nothing in a pipe.

        Returns
        -------
        keras.callbacks.History
            Of this fit; for one that was resumed, from its beginning.

        Raises
        ------
        ImageError, LabelError
            If the data or the weights do not fit the model.
        SplitError
            If the validation fraction makes no sense.
        ModelError
            If the model cannot be trained that way, for instance because it was compiled with a
            loss for one-hot labels; or if there is a `run_dir`, and Keras could save the model but
            not load it again.
        RecipeError
            If Keras does not know a name in the recipe, or it is for other labels; or if no epoch
            is left to train after `initial_epoch`.
        MissingPackageError
            If there is a TensorBoard callback, and TensorBoard is not installed.
        DivergenceError
            If the loss, that of the validation images, or a weight is NaN or infinite.
        RunFolderError
            If `run_dir` holds a run and `resume` is False, or a run with other settings, or cannot
            be written to.
        """
        from mnistkit.training.callback_state import settings_of

        recipe = recipe_for_fit(self.recipe, epochs, initial_epoch, batch_size, augmentation)
        verbosity = checked_verbosity(verbose)
        refuse_run_in_the_way(self._folder, resume=resume, overwrite=overwrite)
        self._build_for(data)
        self._note_own_compile()
        refuse_slow_precision(self.model)
        every = self._every_callback(callbacks, recipe)
        own_augmentation = self._own_augmentation(augmentation, recipe)
        prepared = training_data(
            self.model,
            data,
            validation,
            inputs=self.inputs,
            loss_takes_numbers=takes_class_numbers(self._loss(recipe), self.model),
            sample_weight=sample_weight,
            class_weight=class_weight,
            seed=self.seed,
        )
        recipe = recipe_on_data(recipe, prepared, batch_size)
        if epochs is initial_epoch is None:
            recipe = with_enough_epochs(recipe, prepared)
        self._compile_for(recipe, prepared)
        fit = Fit(
            self.model,
            prepared,
            recipe,
            self.seed,
            every,
            tuple(settings_of(callback) for callback in every),
            self._begin(initial_epoch, resume=bool(resume)),
            self.inputs,
            own_augmentation,
        )
        return self._train(fit, resume=resume, overwrite=overwrite, verbosity=verbosity)

    @answers_keras
    def evaluate(self, data: Data | Batches | Iterator[Any]) -> Evaluation:
        """Measure the model.

        Parameters
        ----------
        data : Split, (images, labels), tf.data.Dataset, keras.utils.PyDataset or generator
            Floats are measured as they are, by the same path as `predict`; a `Split` has 8 bits.
            Labels are class numbers or one-hot. What comes in batches is read once, to its end.

        Returns
        -------
        Evaluation
            Accuracy with its 95% interval, by writer where the split knows them, loss, confusion
            matrix, mistakes and more.

        Raises
        ------
        ImageError, LabelError
            If the data does not fit the model.
        """
        self._build_on(data)
        refuse_no_classes(self.model, "trainer.model.evaluate(images, targets)")
        return measure(self.model, data, self.inputs)

    @answers_keras
    def predict(self, images: Split | ArrayLike | Batches | Iterator[Any]) -> NDArray[np.float32]:
        """Probabilities for images.

        Parameters
        ----------
        images : Split, array_like of shape (n, height, width), tf.data.Dataset, \
                keras.utils.PyDataset or generator
            Integers in 0-255 or floats in [0, 1]. Labels in batches are passed over.

        Returns
        -------
        numpy.ndarray of float32, shape (n, num_classes)

        Raises
        ------
        ImageError
            If the images do not fit the model.
        """
        self._build_on(images)
        return predict(self.model, images, self.inputs)

    def calibrate(self, data: Data) -> Calibration:
        """Fit the temperature that makes probabilities as often right as they say.

        It is kept beside the model, saved with the run, used by `recognize`, and written into what
        `export` writes. `predict` and `evaluate` go on giving the model's own probabilities. More
        training makes it void.

        Parameters
        ----------
        data : Split or (images, labels)
            Images that the model was not trained on, for instance those of ``holdout``. Not the
            test images, if the calibration error on them is to be believed.

        Returns
        -------
        Calibration
            The temperature, with loss and calibration error before and after.

        Raises
        ------
        SplitError
            If these are images that the model was trained on, as far as the run knows.
        ImageError, LabelError
            If the data does not fit the model.
        ModelError
            If the images do not say which temperature is best, as when all are read right.

        References
        ----------
        C. Guo et al., "On calibration of modern neural networks", ICML 2017.

        Examples
        --------
        >>> import mnistkit
        >>> train, validation = mnistkit.load_dataset("digits").train.holdout(0.2)
        >>> trainer = mnistkit.Trainer("dense128")
        >>> history = trainer.fit(train, epochs=2, verbose=0)
        >>> calibration = trainer.calibrate(validation)
        >>> calibration.temperature == trainer.temperature
        True
        >>> calibration.after.loss < calibration.before.loss
        True
        """
        self._build_on(data)
        known = past_fits(self.model) if self._description is None else fits_of(self._description)
        refuse_trained_on(data, self.model, self.inputs, known)
        calibration = Calibration.of(self.evaluate(data))
        note_temperature(self.model, calibration.temperature)
        return calibration

    @property
    def temperature(self) -> float:
        """What `calibrate` has fitted for the weights as they are; 1 if it has not."""
        return temperature_of(self.model)

    @property
    def data_name(self) -> str:
        """The name by which the data was loaded that `fit` trained on last; empty if it had none.

        Of a trainer that was loaded, what its run says.
        """
        data = (self._description or {}).get("data") or {}
        name = data.get("loaded_as")
        return name if isinstance(name, str) else ""

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Save the model, its settings, what happened to it, and its history.

        What is told is what happened: whether it was trained, whether that was finished or
        interrupted after some epochs, on which data, when and for how long, what it had been
        through before, and whether its weights were changed since.

        Parameters
        ----------
        folder : str or path-like
            Made if needed. A saved run in it is replaced; any other content is left alone.

        Returns
        -------
        pathlib.Path
            The folder.

        Raises
        ------
        ModelError
            If Keras could save the model but not load it again.
        DivergenceError
            If a weight is NaN or infinite.
        RunFolderError
            If the folder cannot be written to, or another process is training in it.

        See Also
        --------
        Trainer.load
        """
        refuse_unbuilt(self.model)
        refuse_unserializable(self.model)
        if self._description is None:
            fits = past_fits(self.model)
            description = describe(
                self.model, self.recipe, self.seed, inputs=self.inputs, earlier_fits=fits
            )
        else:
            description = as_saved(self._description, self.model)
        description = with_temperature(description, self.temperature)
        run = RunFolder(folder)
        with run.locked():
            run.finish(self.model, description, self.history)
        return run.path

    @classmethod
    def load(
        cls,
        folder: str | os.PathLike[str],
        *,
        builder: Callable[..., keras.Model] | str | None = None,
        custom_objects: Mapping[str, Any] | None = None,
        run_dir: str | os.PathLike[str] | None = None,
        engine: Literal["auto", "xla", "graph", "keras"] = "auto",
    ) -> Trainer:
        """A trainer with the model that `save` saved.

        The model is built again by its registry name and gets its weights from an archive of
        plain numbers: no code is read from the folder, and its files are compared with their
        digests first. A model that did not come from `create_model` is read by Keras in safe mode.

        Parameters
        ----------
        folder : str or path-like
        builder : function or str, optional
            What builds the model, if it was not built by a registered name: the function itself, or
            ``"module:function"``. A file alone cannot have a function called.
        custom_objects : mapping, optional
            Your own classes and functions in a model that did not come from `create_model`, by
            name; needed for those that are not registered in this process.
        run_dir : str or path-like, optional
            As in `Trainer`: where the run is kept that trains the model on.
        engine : {"auto", "xla", "graph", "keras"}, default "auto"
            As in `Trainer`.

        Raises
        ------
        RunFolderError
            If the folder holds no saved run, or a damaged one, or one that needs a `builder`.
        UnknownNameError, PluginError
            If the model's plugin is not there any more; the message names it.

        Warns
        -----
        ChangedModelWarning
            If today's builder makes another model than the one that was saved, or has other
            defaults.
        """
        run = RunFolder(folder).load(builder, custom_objects)
        inputs = run.description.get("inputs", "images")
        trainer = cls(
            run.model,
            recipe=run.recipe,
            seed=run.seed,
            run_dir=run_dir,
            engine=engine,
            inputs=inputs,
        )
        trainer.history = run.history
        trainer._description = run.description
        note_past_fits(run.model, fits_of(run.description))
        return trainer

    def __repr__(self) -> str:
        return f"<Trainer of {described_model(self.model)}, seed {self.seed}, {self.recipe!r}>"

    def _build_on(self, data: Any) -> None:
        """Build the model on the data if it is not built."""
        if not self.model.built:
            with self._scope():
                build_on(self.model, data, self.seed)
                refuse_other_contract(self.model, as_images=self.inputs == "images")

    def _build_for(self, data: Any) -> None:
        """Build the model, or build it anew if the data asks for another one.

        One that somebody has touched is not built anew.
        """
        self._build_on(data)
        before = self._blueprint
        if before is None or is_compiled_by_caller(self.model) != self._compiled_by_caller:
            return
        with self._scope():
            after = before.asked_for_by(data, self.model)
            if after is before or not before.is_as_built(self.model):
                return
            self.model = checked_model(after.build(), self.seed, as_images=self.inputs == "images")
        self._blueprint = after
        if self._compile_settings:
            self.compile(**self._compile_settings)

    def _note_own_compile(self, *, recipe_is_given: bool = False) -> None:
        """Leave of the recipe what has an effect beside what the caller compiled."""
        if is_compiled_by_caller(self.model) and not self._compiled_by_caller:
            refuse_unknown_in(self.model)
            self._compiled_by_caller = True
            self.recipe = in_effect(self.recipe, is_given=recipe_is_given)

    def _begin(self, initial_epoch: int | None, *, resume: bool) -> Beginning:
        """Where the next fit begins: where the last one ended, unless it is to be resumed."""
        folder, last = self._folder, self._beginning
        if resume and folder and last is not None and folder.has_begun(self._description):
            return last
        done = 0 if self._description is None else self._description["epochs_done"]
        epoch = done if initial_epoch is None else initial_epoch
        return Beginning.of(self.model, epoch, self.history)

    def _scope(self) -> contextlib.AbstractContextManager[Any]:
        """Where variables are created: on the strategy's devices, if there is a strategy."""
        if self._strategy is None:
            return contextlib.nullcontext()
        scope: contextlib.AbstractContextManager[Any] = self._strategy.scope()
        return scope

    def _loss(self, recipe: Recipe) -> Any:
        """The loss, or its name: the caller's or the recipe's."""
        return self.model.loss if self._compiled_by_caller else recipe.loss

    def _every_callback(
        self, callbacks: Callbacks, recipe: Recipe
    ) -> tuple[keras.callbacks.Callback, ...]:
        """The trainer's and those of one fit, if they can be called in it."""
        every = (*self.callbacks, *checked_callbacks(callbacks))
        refuse_missing_tensorboard(every)
        own_optimizer = self.model.optimizer if self._compiled_by_caller else None
        refuse_second_schedule(every, recipe, self._recipes, own_optimizer)
        return every

    def _own_augmentation(self, given: Any, recipe: Recipe) -> OwnAugmentation | None:
        """The caller's function that varies images, if one is given; else the recipe says how."""
        input_shape, _ = input_shape_of(self.model)
        if recipe.augmentation is not None:
            refuse_augmentation(recipe.augmentation, self.inputs, input_shape)
        return own_function(given, input_shape)

    def _compile_for(self, recipe: Recipe, data: TrainingData) -> None:
        """Compile the model as the recipe says, or see whether what the caller compiled fits."""
        if self._compiled_by_caller:
            refuse_other_loss(self.model, data.train, one_hot=data.one_hot)
            refuse_other_metrics(self.model, one_hot=data.one_hot)
        else:
            refuse_other_recipe(recipe, self.model, one_hot=data.one_hot)
            steps = recipe.epochs * data.steps_per_epoch(recipe.batch_size)
            with self._scope():
                compile_from_recipe(self.model, recipe, steps, one_hot=data.one_hot)
        if self._folder is not None:
            refuse_unserializable(self.model)

    def _train(
        self, fit: Fit, *, resume: bool | Literal["anyway"], overwrite: bool, verbosity: int
    ) -> keras.callbacks.History:
        """Train, and take note of what happened."""
        self._blueprint = None  # from here on the model is the one that is trained
        begun_with = self._folder.engine if self._folder is not None and resume else None
        engine = make_engine(self._wanted_engine, fit, begun_with)
        run = Run(fit, engine, self._folder)
        try:
            with seeded_everywhere(fit_seed(self.seed, fit.first_epoch)):
                return run.train(resume=resume, overwrite=overwrite, verbose=verbosity)
        finally:  # whatever has ended it, also Ctrl-C
            if run.description is not None:
                self._description, self._beginning = run.description, fit.beginning
                self.engine, self.history = engine.name, run.history
