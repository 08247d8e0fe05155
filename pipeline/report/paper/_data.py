"""The data in sentences: theirs by the references that the project has, a user's by the user's own words."""

from collections.abc import Iterator

from pipeline.datasets import bibtex_key
from pipeline.report.comparison import Comparison
from pipeline.report.data_card import entries
from pipeline.report.paper._references import cite
from pipeline.report.paper._settings import Settings, either
from pipeline.report.paper._vocabulary import DATA

_FOR = {"train": "training"}


def own_references(comparison: Comparison) -> dict[str, str]:
    """Entries of BibTeX that users gave for their data, by key."""
    citations = [entry["citation"] for entry in entries(comparison)]
    return {key: citation.strip() for citation in citations if (key := bibtex_key(citation))}


def data_sentences(settings: Settings) -> Iterator[str]:
    """What the data are, how they were split, and what was done to inputs."""
    comparison = settings.comparison
    runs = comparison.runs
    settings.told |= {"dataset.name", "dataset.class_names", "dataset.function", "dataset.loader"}
    names = list(dict.fromkeys(_called(entry) for entry in entries(comparison)))
    sizes: list[str] = []
    for split in ("train", "validation", "test"):
        column = f"provenance.examples.{split}"
        counts = sorted(set(runs[column].dropna().astype(int))) if column in runs else []
        if counts:
            examples = "" if sizes else " examples"
            sizes.append(f"{either([str(count) for count in counts])}{examples} for {_FOR.get(split, split)}")
    yield f"The data are {either(names)}" + (f": {', '.join(sizes)}." if sizes else ".")
    if settings.has("dataset.target", "null"):
        yield f"The target is {settings.said('dataset.target')}."
    if settings.has("dataset.folds", "0"):
        yield (
            f"They are cross-validated: examples are cut into {settings.said('dataset.folds')} folds, and fold "
            f"{settings.said('dataset.fold')} is for test."
        )
    drawn = {entry["test_split"] for entry in entries(comparison)}
    share, seed = settings.values("dataset.test_fraction"), settings.values("dataset.test_seed")
    if "drawn" in drawn:
        yield f"Of all examples a share of {either(share)} is drawn for test, with seed {either(seed)}."
    validation = {entry["validation_split"] for entry in entries(comparison)}
    if "given" in validation:
        yield "The validation split is given with the data."
        settings.told |= {"dataset.validation_fraction", "dataset.seed"}
    if validation != {"given"}:
        yield (
            f"Of the examples that are not for test a share of {settings.said('dataset.validation_fraction')} is kept "
            f"for validation, drawn with seed {settings.said('dataset.seed')}."
        )
    if settings.values("dataset.mean"):
        yield (
            f"Inputs are (pixel / 255 − mean) / std, with mean {settings.said('dataset.mean')} and std "
            f"{settings.said('dataset.std')} of the channels."
        )
    if standardised := _where_used(settings, "dataset.standardise", "false"):
        what = "Inputs and values to predict" if comparison.task == "regression" else "Inputs"
        yield f"{what} are standardised by mean and standard deviation of the training split{standardised[1]}."
    changed = []
    if flips := _where_used(settings, "dataset.flip", "false"):
        changed.append(f"mirrored at random{flips[1]}")
    if shifts := _where_used(settings, "dataset.shift", "0"):
        changed.append(f"shifted at random by up to {shifts[0]} pixel{'s' * (shifts[0] != '1')}{shifts[1]}")
    settings.told |= {"dataset.flip", "dataset.shift", "dataset.cutout"}
    if changed:
        yield f"Training images are {' and '.join(changed)}."
    if sides := _where_used(settings, "dataset.cutout", "0"):
        yield (
            f"A random square of each training image is covered{cite('devries2017improved')}{sides[1]}, with a side of "
            f"{sides[0]} pixel{'s' * (sides[0] != '1')}."
        )


def _where_used(settings: Settings, key: str, unused: str) -> tuple[str, str] | None:
    """The values of a key without the one that does nothing, and " in some runs" where others have that; or None."""
    values = settings.values(key)
    used = [value for value in values if value != unused]
    return (either(used), " in some runs" * (unused in values)) if used else None


def _called(entry: dict[str, str]) -> str:
    if entry["name"] in DATA:
        return DATA[entry["name"]]
    key = bibtex_key(entry["citation"])
    words = entry["title"] + (cite(key) if key else f" ({entry['citation']})" if entry["citation"] else "")
    return words + (f", licence {entry['licence']}" if entry["licence"] else "")
