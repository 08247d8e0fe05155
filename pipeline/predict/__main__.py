"""`python -m pipeline.predict RUN FILE…`: what a trained network says of new data."""

import argparse
import sys
from pathlib import Path

from pipeline import stopping
from pipeline.errors import UserError


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.predict",
        description="Predicts the examples in files of the kind that the network was trained on, read and scaled as in "
        "training: tables (CSV, TSV, Parquet, Feather, Excel; columns are found by their names), arrays (.npz, .npy, "
        ".safetensors), images (PNG, JPEG, BMP), IDX files, and folders of these. Where the target is there as well, "
        "says how good the predictions are.",
        epilog="The output has a row for each example: file, row (from 1), target (where it is there), prediction, and "
        "probability_CLASS for each class; for several values prediction_NAME for each.",
    )
    parser.add_argument(
        "run",
        metavar="RUN",
        type=Path,
        help="the folder of a run, of a sweep (its best run by validation, which is named), or of an exported model",
    )
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="what to predict: files or folders")
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=Path,
        default=Path("predictions.csv"),
        help="the file to write, .csv or .parquet (default: %(default)s)",
    )
    parser.add_argument(
        "--missing",
        choices=("error", "mean", "drop"),
        help="what to do with gaps in a table: error, mean (of the training split) or drop (leave the row out); "
        "default: what dataset.missing was in training",
    )
    options = parser.parse_args(arguments)
    from tqdm import tqdm

    from pipeline.predict import predict  # imports torch: --help and Ctrl-C should not wait for it

    try:
        with tqdm(unit=" rows", delay=1, leave=False, disable=None) as bar:
            done = predict(options.run, options.files, options.out, missing=options.missing, progress=bar.update)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or options.out}: {error.strerror}; give another file with --out", file=sys.stderr)
        return 1
    for note in done.notes:
        print(note, file=sys.stderr)
    if done.figures:
        figures = ", ".join(f"{label} {value:.4f}" for label, value in done.figures.items())
        rest = f" ({done.score.without} without a known target are not counted)" if done.score.without else ""
        print(f"{figures} over {done.score.count} rows with a target{rest}")
    print(f"{options.out}: predictions for {done.rows} rows")
    return 0


if __name__ == "__main__":
    stopping.run(main, "stopped; nothing was written")
