"""The model card of an exported folder: what the network is, of which data, how good, and how to use it."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from pipeline.metrics import LOSS, SPLITS
from pipeline.runs.model import TrainedModel
from pipeline.runs.result import Result, read_result


def card_of(model: TrainedModel, run: Path) -> str:
    """Markdown that calls the data by the name that their user gave them, with the front matter of Hugging Face."""
    result = read_result(run)
    known = result if isinstance(result, Result) else None
    facts = known.provenance.get("data") if known else None
    sections = [
        _title(model),
        _data(model, facts if isinstance(facts, Mapping) else {}),
        _inputs(model),
        *([_figures(known)] if known else []),
        _use(model),
    ]
    return _front(model, known) + "\n\n".join(sections) + "\n"


def _front(model: TrainedModel, result: Result | None) -> str:
    """The metadata that the Hugging Face Hub reads. It names no licence: that of the network is its author's choice."""
    facts: dict[str, Any] = {"library_name": "scratchnet", "tags": ["scratchnet", "onnx"]}
    kind = "classification" if model.class_names else "regression"
    if len(model.input_shape) == 3 and model.class_names:
        facts["pipeline_tag"] = "image-classification"
    elif model.header.columns:
        facts["pipeline_tag"] = f"tabular-{kind}"
    value = result.metrics.get(result.metric.best("test"), math.nan) if result else math.nan
    if result is not None and math.isfinite(value):
        metric = result.metric
        facts["metrics"] = [metric.name]
        facts["model-index"] = [
            {
                "name": _data_title(model),
                "results": [
                    {
                        "task": {"type": facts.get("pipeline_tag", kind)},
                        "dataset": {
                            "name": _data_title(model),
                            "type": model.preprocessing.dataset or "unknown",
                            "split": "test",
                        },
                        "metrics": [{"type": metric.name, "name": metric.heading("test"), "value": float(value)}],
                    }
                ],
            }
        ]
    return f"---\n{yaml.safe_dump(facts, sort_keys=False, allow_unicode=True)}---\n\n"


def _title(model: TrainedModel) -> str:
    layers = " · ".join(layer["layer"] for layer in model.header.network["layers"])
    what = f"one of {len(model.class_names)} classes" if model.class_names else ", ".join(model.target_names)
    return (
        f"# {_data_title(model)}: a network of scratchnet\n\n"
        f"It predicts {what}. Layers: {layers}; {model.network.size:,} parameters, "
        f"the weights of epoch {model.header.epoch}."
    )


def _data(model: TrainedModel, facts: Mapping[str, Any]) -> str:
    words = model.preprocessing
    lines = [f"- name: {_data_title(model)}"]
    lines += [f"- licence: {words.licence}"] if words.licence else []
    lines += [f"- citation:\n\n      {words.citation.replace(chr(10), chr(10) + '      ')}\n"] if words.citation else []
    if model.class_names:
        lines.append(f"- classes: {', '.join(model.class_names)}")
    if facts.get("test_split"):
        lines.append(f"- test split: {facts['test_split']}")
    source = str(facts.get("source") or "")
    lines += [f"- {note.replace(source, Path(source).name)}" for note in facts.get("notes") or ()]
    return "## Data\n\n" + "\n".join(lines)


def _inputs(model: TrainedModel) -> str:
    shape = " × ".join(map(str, model.input_shape))
    if not model.header.columns:
        kind = "channels × height × width" if len(model.input_shape) == 3 else "features"
        return f"## Inputs\n\n{shape} ({kind}), raw: they are normalised inside."
    rows = [
        f"| {column.name} | {'text: ' + ', '.join(column.categories) if column.categories else 'number'} |"
        for column in model.header.columns
    ]
    head = "Columns of a table, found by their names; scaled and made features inside."
    return "\n".join(["## Inputs", "", head, "", "| column | holds |", "|:--|:--|", *rows])


def _figures(result: Result) -> str:
    rows = []
    for split in SPLITS:
        values = [result.metrics.get(metric.best(split)) for metric in (result.metric, LOSS)]
        if values[0] is not None and values[0] == values[0]:
            rows.append(f"| {split} | {values[0]:.4f} | {values[1]:.4f} |")
    head = f"| split | {result.metric.label} | {LOSS.label} |"
    command = str(result.provenance.get("command", ""))
    trained = f"\n\nTrained by\n\n    {command}" if command else ""
    return "\n".join(["## Figures", "", head, "|:--|--:|--:|", *rows]) + trained


def _use(model: TrainedModel) -> str:
    files = "data.csv" if model.header.columns else ("images/" if len(model.input_shape) == 3 else "data.npz")
    return (
        "## Use\n\n"
        f"    python -m pipeline.predict . {files} --out predictions.csv\n\n"
        f'    import pipeline\n    pipeline.load_model(".").predict("{files}")\n\n'
        "`model.safetensors` holds the weights and, as JSON in its header, how inputs are read. `model.onnx` is both, "
        "in one graph, for any runtime of ONNX."
    )


def _data_title(model: TrainedModel) -> str:
    return model.preprocessing.title or model.preprocessing.dataset or "A model"
