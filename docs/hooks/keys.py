"""The page of all keys, made from the schema and the values in conf/: `python docs/hooks/keys.py` prints it."""

import dataclasses
import inspect
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from hydra_plugins.scratchnet_launcher import StackedConf
from hydra_plugins.scratchnet_sweeper import SearchConf
from pipeline.choices import Section
from pipeline.config.folder import choices_in, conf_folder
from pipeline.config.schema import Config, sections_of

Row = tuple[str, str, str, str]  # key, what it allows, default, meaning

_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
_TYPES = {"integer": "whole number", "number": "number", "boolean": "true or false", "string": "text", "null": "null"}
_HUGE = 2**31  # bounds that only keep numbers within what computers count to

_INTRODUCTION = """# Every key

What a configuration may say, with its default. Keys are given as `key=value` on the command line, or in an experiment's
file; choices of a group as `group=choice`. `python -m pipeline --help` lists the keys of the choices that a command
makes, and `python -m pipeline --cfg job` prints the whole configuration. Wherever a value stands, `${other.key}` refers
to another key.
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    files.append(File.generated(config, "keys.md", content=page()))
    return files


def page() -> str:
    """The page, as Markdown."""
    primary = _values("config")
    parts = [_INTRODUCTION, "## Top level\n", _table(_rows("", {"": Config}, {"": primary})[""])]
    for section in Config.model_fields:
        if kinds := sections_of(section):
            parts += _group(section, kinds, primary)
    parts += ["## hydra.launcher\n", "Where the runs of a sweep train: see [Clusters](clusters.md).\n"]
    parts += [_table(_commented("hydra.launcher", StackedConf))]
    parts += ["## hydra.sweeper\n", "For `hydra/sweeper=search`: see [Searches](searches.md).\n"]
    parts += [_table(_commented("hydra.sweeper", SearchConf))]
    return "\n".join(parts)


def _group(section: str, kinds: Mapping[str, type[Section]], primary: Mapping[str, Any]) -> Iterable[str]:
    files = choices_in(conf_folder(), section)
    yield f"## {section}\n"
    if len(kinds) == 1:
        values = primary.get(section) or _values(f"{section}/{files[0]}")
        if section == "sweep":
            values = _values("sweep/grid")
        yield f"{inspect.getdoc(kinds[section])}\n"
        if files:
            yield f"Choices: {', '.join(f'`{section}={name}`' for name in files)}.\n"
        yield _table(_rows(section, kinds, {section: values})[section])
        return
    tables = _rows(section, kinds, {name: _values(f"{section}/{name}") for name in kinds})
    common = [row for row in next(iter(tables.values())) if all(row in table for table in tables.values())]
    yield f"Choices: {', '.join(f'`{section}={name}`' for name in kinds)}.\n"
    if common:
        yield f"These are the same in every choice:\n\n{_table(common)}"
    for name, kind in kinds.items():
        yield f"### {section}={name}\n"
        yield f"{inspect.getdoc(kind)}\n"
        if rest := [row for row in tables[name] if row not in common]:
            yield _table(rest)


def _rows(
    section: str, kinds: Mapping[str, type[Section]], values: Mapping[str, Mapping[str, Any]]
) -> dict[str, list[Row]]:
    """For each choice the rows of its keys; without `name`, which the choice sets, and what is a section itself."""
    tables: dict[str, list[Row]] = {}
    for choice, kind in kinds.items():
        schema = kind.model_json_schema()
        tables[choice] = []
        for key, field in kind.model_fields.items():
            if key == "name" and section not in ("sweep", ""):
                continue
            if not section and sections_of(key):
                continue
            default = values[choice].get(key, field.get_default(call_default_factory=True))
            name = f"{section}.{key}" if section else key
            words = (field.description or "").replace("\n", " ")
            tables[choice].append((name, _allowed(schema["properties"][key]), _written(default), words))
    return tables


def _values(path: str) -> dict[str, Any]:
    """What a file of conf/ sets."""
    return yaml.safe_load((conf_folder() / f"{path}.yaml").read_text("utf-8")) or {}


def _allowed(schema: Mapping[str, Any]) -> str:
    """What a JSON schema admits, in words."""
    if "const" in schema:
        return _code(schema["const"])
    if "enum" in schema:
        return ", ".join(map(_code, schema["enum"]))
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(_allowed, schema["anyOf"])))
    kind = schema.get("type")
    if kind == "array":
        items = _allowed(schema.get("items", {}))
        return f"list of {items}" if items else "list"
    if kind == "object":
        return "keys with values"
    words = f"`{kind}`" if kind == "null" else _TYPES.get(str(kind), "")
    bounds = [f"{sign} {schema[key]:g}" for key, sign in _BOUNDS.items() if abs(schema.get(key, _HUGE)) < _HUGE]
    if "pattern" in schema:
        bounds.append(f"like {_code(schema['pattern'])}")
    return " ".join([words, ", ".join(bounds)]).strip()


def _written(value: object) -> str:
    """A value as it is typed."""
    return _code(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _code(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return f"`{text}`" if text else '`""`'


def _table(rows: Iterable[Row]) -> str:
    lines = ["| key | values | default | meaning |", "|:----|:-------|:--------|:--------|"]
    for key, *cells in rows:
        escaped = (cell.replace("|", "\\|") for cell in cells)
        lines.append(f"| `{key}` | {' | '.join(escaped)} |")
    return "\n".join(lines) + "\n"


def _commented(section: str, node: type) -> list[Row]:
    """The keys of a node of Hydra's, in the words of the comments behind them."""
    source = inspect.getsource(node)
    rows = []
    for field in dataclasses.fields(node):
        if field.name in ("_target_", "params"):
            continue
        comment = re.search(rf"^ *{field.name}: .*?  # (.*)$", source, re.MULTILINE)
        assert comment, f"{section}.{field.name} has no comment"
        rows.append((f"{section}.{field.name}", _annotation(field.type), _written(field.default), comment[1]))
    return rows


def _annotation(kind: Any) -> str:
    names = {"int": "whole number", "str": "text", "None": "`null`"}
    return " or ".join(names[part] for part in re.findall(r"\w+", getattr(kind, "__name__", str(kind))))


if __name__ == "__main__":
    print(page())
