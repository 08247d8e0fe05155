"""`python -m pipeline.export RUN_FOLDER`: a run's network as an ONNX file."""

import argparse
import sys
from pathlib import Path

from pipeline import stopping
from pipeline.errors import UserError
from pipeline.export import export, export_folder


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.export",
        description="Writes a run's network, with the weights of its best epoch and its preprocessing, as an ONNX file "
        "(opset 17), or as a folder to hand on: that file, model.safetensors and a model card. Inputs: one for each "
        "column of a table, by its name; else 'input', raw images uint8 (batch, channels, height, width) or features "
        "float32 (batch, features). Outputs: 'logits', 'probabilities' (batch, classes) and 'label' (batch), or "
        "'values' (batch, outputs) for regression.",
    )
    parser.add_argument("run", metavar="RUN_FOLDER", type=Path, help="a run's folder, which holds model.safetensors")
    parser.add_argument(
        "--out",
        metavar="FILE.onnx|FOLDER",
        type=Path,
        help="the file to write, or the folder (default: RUN_FOLDER/model.onnx)",
    )
    parser.add_argument(
        "--normalised",
        action="store_true",
        help="the input is already normalised rows, float32 (batch, features)",
    )
    options = parser.parse_args(arguments)
    try:
        if options.out is None or options.out.suffix == ".onnx" or options.normalised:
            path = export(options.run, options.out, normalise=not options.normalised)
        else:
            path = export_folder(options.run, options.out)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        where = options.out or options.run
        print(f"{where}: cannot be written ({error.strerror}); give another file with --out", file=sys.stderr)
        return 1
    print(path)
    return 0


if __name__ == "__main__":
    stopping.run(main, "stopped; nothing was written")
