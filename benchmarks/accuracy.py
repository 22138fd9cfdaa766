"""What a model reaches: trained on all training images, tested once for each seed.

Nothing is chosen on the test images: neither the epoch nor the seed.
"""

from __future__ import annotations

import time
from typing import Any

import mnistkit
from measuring import Report, arguments, at_least, mean_interval, say, show_interval, spread


def main() -> None:
    parser = arguments(__doc__, "accuracy")
    parser.add_argument("model", help="a name that mnistkit.create_model takes")
    parser.add_argument("--recipe", help="one of the model's recipes; by default its first")
    parser.add_argument("--dataset", default="mnist")
    parser.add_argument("--seeds", type=at_least(1), default=5, help="how many")
    chosen = parser.parse_args()
    data = mnistkit.load_dataset(chosen.dataset)
    mnistkit.quiet_tensorflow()
    settings = {
        "data": f"{chosen.dataset}, {len(data.train):,} images to train on, {len(data.test):,} to "
        "test on",
        "seeds": f"0 to {chosen.seeds - 1}",
        "spread": "standard deviation of one run; intervals are 95%",
    }
    report = Report("accuracy", settings)
    runs = []
    for seed in range(chosen.seeds):
        runs.append(run := train_and_test(chosen.model, chosen.recipe, data, seed))
        say(f"seed {seed}: {run['accuracy']:.2f}% in {run['fit_seconds']:.1f} s")
    report_runs(report, chosen.model, runs)
    report.finish(chosen.out)


def train_and_test(
    name: str, recipe: str | None, data: mnistkit.Dataset, seed: int
) -> dict[str, Any]:
    model = mnistkit.create_model(
        name,
        num_classes=len(data.classes),
        input_shape=data.train.images.shape[1:],
        seed=seed,
    )
    trainer = mnistkit.Trainer(model, recipe=recipe, seed=seed)
    begin = time.perf_counter()
    trainer.fit(data.train, verbose=0)
    seconds = time.perf_counter() - begin
    result = trainer.evaluate(data.test)
    return {
        "seed": seed,
        "accuracy": 100 * result.accuracy,
        "loss": result.loss,
        "fit_seconds": seconds,
        "parameters": trainer.model.count_params(),
        "engine": trainer.engine,
        "recipe": trainer.recipe.to_dict(),
    }


def report_runs(report: Report, name: str, runs: list[dict[str, Any]]) -> None:
    accuracy, loss, seconds = (
        spread([run[key] for run in runs]) for key in ("accuracy", "loss", "fit_seconds")
    )
    low, high = mean_interval(accuracy)
    recipe = runs[0]["recipe"]
    report.add(
        f"{name}: {recipe['epochs']} epochs, batch {recipe['batch_size']}",
        ("seeds", "test accuracy, %", "interval of the mean", "loss (NLL)", "parameters", "fit, s",
         "engine"),
        [
            [
                str(len(runs)),
                accuracy.show_mean(),
                show_interval(low, high),
                loss.show_mean(".4f"),
                f"{runs[0]['parameters']:,}",
                seconds.show(".1f"),
                runs[0]["engine"],
            ]
        ],
        {
            "accuracy": accuracy.to_dict(),
            "accuracy_interval": [low, high],
            "loss": loss.to_dict(),
            "fit_seconds": seconds.to_dict(),
            "runs": runs,
        },
        notes=[
            "Each seed: " + ", ".join(f"{value:.2f}" for value in accuracy.values) + ".",
            (
                "The interval (Student's) is for the chance in training: initial weights and "
                "order. The chance in the choice of the test images is not in it; every "
                "evaluation has that one as `accuracy_interval`."
            ),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
