"""`python -m scratchnet.check my_layers:Swish`: whether a part keeps the contracts that the engine's own parts keep."""

import argparse
import ast
import pkgutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass, replace
from typing import Any

from scratchnet.check import INITIALIZERS, LAYERS, LOSSES, SCHEDULES, Broken, Case
from scratchnet.layers import Layer, ShapeError
from scratchnet.losses import Loss
from scratchnet.schedules import Schedule

_FEATURES, _OUTPUTS, _PATCHES = 7, 6, 4  # all sizes differ
_SIZES = {"in_features": _FEATURES, "features": _FEATURES, "out_features": _OUTPUTS}
Contracts = Mapping[str, Callable[[Any], None]]


class Unusable(Exception):
    """A part that cannot be tried, and what to do, in one line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the contracts of a part, a line each; 1 if one is broken, else 0."""
    parser = argparse.ArgumentParser(
        prog="python -m scratchnet.check",
        description="Tries a layer, loss, initializer or schedule on small numbers: its gradients against automatic "
        "differentiation and central differences, a run in a stack against the run alone, a run of NaN beside others, "
        "and what wrong shapes are told.",
    )
    parser.add_argument("part", metavar="MODULE:NAME", help="a class or an object, such as my_layers:Swish")
    parser.add_argument("values", metavar="KEY=VALUE", nargs="*", help="arguments of the class, such as width=6")
    parser.add_argument("--shape", metavar="N", type=int, nargs="+", help="of a layer's input, without runs and batch")
    options = parser.parse_args(arguments)
    try:
        part = _made(options.part, _find(options.part), _values(options.values))
        contracts, cases = _contracts(part, options.shape and tuple(options.shape))
    except Unusable as error:
        print(error, file=sys.stderr)
        return 1
    broken = 0
    for name, contract in contracts.items():
        fault = _fault(contract, cases)
        broken += fault is not None
        print(f"broken  {name}: {fault}" if fault else f"kept    {name}")
    print(f"{options.part}: {'all contracts kept' if not broken else f'{broken} of {len(contracts)} contracts broken'}")
    return 1 if broken else 0


def _find(name: str) -> Any:
    module = name.partition(":")[0]
    if ":" not in name:
        raise Unusable(f"{name}: not of the form module:name, such as my_layers:Swish for Swish in my_layers.py")
    try:
        return pkgutil.resolve_name(name)
    except ModuleNotFoundError as error:
        raise Unusable(f"{name}: no module {error.name} here or among what is installed; write {module}.py") from None
    except AttributeError as error:
        raise Unusable(f"{name}: {error}") from None
    except Exception as error:
        raise Unusable(f"{name}: importing it raised {_raised(error)}") from error


def _values(texts: Sequence[str]) -> dict[str, Any]:
    values = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.isidentifier():
            raise Unusable(f"{text}: not of the form key=value, such as width=6")
        try:
            values[key] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            values[key] = value
    return values


def _made(name: str, part: Any, values: dict[str, Any]) -> Any:
    """The object to try: a class is made with the values given, and with sizes for the usual names."""
    if not isinstance(part, type):
        if values:
            raise Unusable(f"{name}: an object already, which takes no {', '.join(values)}; name its class instead")
        return part
    if is_dataclass(part):
        wanted = {field.name: field for field in fields(part) if field.init}
        values = {name: size for name, size in _SIZES.items() if name in wanted} | values
        missing = [
            name
            for name, field in wanted.items()
            if name not in values and field.default is MISSING and field.default_factory is MISSING
        ]
        if missing:
            raise Unusable(f"{name}: needs {', '.join(missing)}; give {' '.join(f'{key}=5' for key in missing)}")
    try:
        return part(**values)
    except Exception as error:
        raise Unusable(f"{name}: making it raised {_raised(error)}") from error


def _contracts(part: Any, shape: tuple[int, ...] | None) -> tuple[Contracts, list[Any]]:
    """The contracts of this kind of part, and what to try them on."""
    if isinstance(part, Layer):
        return LAYERS, _cases(part, [shape] if shape else [(_FEATURES,), (_PATCHES, _FEATURES)])
    if isinstance(part, Loss):
        return LOSSES, [part]
    if isinstance(part, Schedule):
        return SCHEDULES, [part]
    if callable(part):
        return INITIALIZERS, [part]
    raise Unusable(f"a {type(part).__name__}: neither a layer, a loss, a schedule nor a function that draws weights")


def _cases(layer: Layer, shapes: Sequence[tuple[int, ...]]) -> list[Case]:
    """The layer on each shape that it takes, with and without noise, beside narrower ones where widths may differ."""
    cases, reasons = [], []
    widths = {name: getattr(layer, name) - 2 for name in layer.widths if name not in ("in_features", "features")}
    narrower = (replace(layer, **widths),) if widths and min(widths.values()) > 0 else ()
    for shape in shapes:
        try:
            layer.output_shape(shape)
        except ShapeError as error:
            reasons.append(str(error))
            continue
        except Exception as error:
            raise Unusable(f"{layer}: on inputs of {shape} it raised {_raised(error)}") from error
        cases.append(Case(layer, shape, narrower=narrower))
        if layer.noise_names:
            cases.append(Case(layer, shape, noisy=True, narrower=narrower))
    if not cases:
        raise Unusable(f"{reasons[0]}; or give the shape of its input: --shape {_FEATURES}")
    return cases


def _fault(contract: Callable[[Any], None], cases: Sequence[Any]) -> str | None:
    """What the first case that breaks a contract does, None where all keep it."""
    for case in cases:
        try:
            contract(case)
        except Broken as fault:
            return f"{fault}{_on(case)}"
        except Exception as error:
            return f"it raised {_raised(error)}{_on(case)}"
    return None


def _on(case: Any) -> str:
    return f" (inputs of {case.shape})" if isinstance(case, Case) else ""


def _raised(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


if __name__ == "__main__":
    try:
        status = main()
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        status = 130
    sys.exit(status)
