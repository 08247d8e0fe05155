"""`python -m pipeline.config.editors` writes the JSON schema by which editors complete and check experiment files.

It is written to ./conf, where the files of ./conf/experiment point to, and knows the user's own choices as well.

An experiment is a named diff of the defaults: any part of a configuration, Hydra's list of `defaults`, and Hydra's
node. So nothing is required, and a section may have the keys of all choices of its group.
"""

import json
import sys
from pathlib import Path
from typing import Any

from pipeline import stopping
from pipeline.config.folder import choices_in, conf_folder
from pipeline.config.schema import Config, sections_of
from pipeline.errors import UserError
from pipeline.files import write_whole

FILE = "experiment.schema.json"
_REFERENCE = {"type": "string", "pattern": r"\$\{.+\}", "description": "a reference, such as ${seed}"}


def experiment_schema(user: Path | None = None) -> dict[str, Any]:
    """The schema of files in conf/experiment/, from `Config` and the files of the groups, the `user`'s folder too."""
    sections = {name: _section(name) for name in Config.model_fields}
    keys = [name for name, section in sections.items() if "properties" not in section]
    keys += [f"{name}.{key}" for name, section in sections.items() for key in section.get("properties", ())]
    groups = {
        folder.name: sorted({*choices_in(conf_folder(), folder.name), *(choices_in(user, folder.name) if user else ())})
        for folder in sorted(conf_folder().iterdir())
        if folder.is_dir() and folder.name not in ("experiment", "hydra")
    }
    params = _params([*keys, *groups])
    sections["sweep"]["properties"]["grids"]["anyOf"][0]["items"] |= params
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "An experiment: a named diff of the defaults",
        "type": "object",
        "additionalProperties": False,
        "properties": {"defaults": _defaults(groups), "hydra": _hydra(params)} | sections,
    }


def _section(name: str) -> dict[str, Any]:
    """The keys of a section over all choices of its group, or the schema of a single value."""
    kinds = sections_of(name)
    if not kinds:
        return _value([Config.model_json_schema()["properties"][name]])
    schemas: dict[str, list[dict[str, Any]]] = {}
    for kind in kinds.values():
        for key, schema in kind.model_json_schema()["properties"].items():
            if schema not in schemas.setdefault(key, []):
                schemas[key].append(schema)
    properties = {key: _value(alternatives) for key, alternatives in schemas.items()}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _value(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    """Any of these, or a reference to another key."""
    descriptions = list(dict.fromkeys(schema["description"] for schema in schemas if "description" in schema))
    plain = [{key: value for key, value in schema.items() if key not in ("title", "description")} for schema in schemas]
    described = {"description": "; or ".join(descriptions)} if descriptions else {}
    return described | {"anyOf": [*plain, _REFERENCE]}


def _defaults(groups: dict[str, list[str]]) -> dict[str, Any]:
    """Hydra's list of defaults: other experiments, and groups with another choice."""
    overrides = {}
    for name, files in groups.items():
        choice = {"anyOf": [{"enum": files}, {"type": "array", "items": {"enum": files}}]}
        overrides[f"override /{name}"] = choice if name == "tracking" else {"enum": files}
    override = {
        "type": "object",
        "properties": overrides,
        "patternProperties": {"^(override )?/?hydra/": {"type": "string"}},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    return {"type": "array", "items": {"anyOf": [{"type": "string"}, override]}}


def _params(keys: list[str]) -> dict[str, Any]:
    """Swept keys are those of the configuration."""
    return {"type": "object", "propertyNames": {"anyOf": [{"enum": sorted(keys)}, {"pattern": r"^hydra[./]"}]}}


def _hydra(params: dict[str, Any]) -> dict[str, Any]:
    """The part of Hydra's node that experiments use; launchers and sweepers have other keys besides."""
    return {
        "type": "object",
        "properties": {
            "mode": {"enum": ["RUN", "MULTIRUN"]},
            "sweeper": {"type": "object", "properties": {"params": params}},
        },
    }


def text(user: Path | None = None) -> str:
    """The file's text."""
    return json.dumps(experiment_schema(user), indent=1, ensure_ascii=False) + "\n"


def write(folder: Path) -> Path:
    """Write the file into a folder of groups; -> its path."""
    write_whole(folder / FILE, text(folder))
    return folder / FILE


def main() -> int:
    """Write the schema for the current folder; the exit status."""
    folder = Path("conf")
    try:
        if not folder.is_dir():
            raise UserError(
                f"no conf/ in {Path.cwd()}; start in the folder that has it, or begin one: python -m pipeline.new NAME"
            )
        print(write(folder))
    except (UserError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    stopping.run(main, "stopped; nothing was written")
