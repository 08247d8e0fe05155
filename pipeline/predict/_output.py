"""The file of predictions, written batch by batch and whole or not at all."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from pipeline.errors import UserError
from pipeline.extras import missing
from pipeline.files import whole_file

SUFFIXES = (".csv", ".parquet")
Write = Callable[[pd.DataFrame], None]


def check_output(path: Path, inputs: list[Path]) -> None:
    """Raise UserError where predictions cannot be written there; before anything is read."""
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(f"{path}: no known kind of output; name it {' or '.join(SUFFIXES)}")
    if path.is_dir() or not path.parent.is_dir():
        what = "a folder" if path.is_dir() else f"no folder {path.parent}"
        raise UserError(f"{path}: {what}; give the file to write with --out")
    if path.exists() and any(other.exists() and path.samefile(other) for other in inputs):
        raise UserError(f"{path}: is one of the files to predict; give another with --out")
    if path.suffix.lower() == ".parquet" and (lacks := missing("pyarrow", "tables", f"{path}: writing Parquet")):
        raise UserError(lacks)


@contextmanager
def output(path: Path) -> Iterator[Write]:
    """A function that adds rows to the file, which appears when the block ends."""
    with whole_file(path) as stream:
        if path.suffix.lower() == ".csv":
            text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
            first = [True]

            def write(rows: pd.DataFrame) -> None:
                rows.to_csv(text, index=False, header=first.pop() if first else False, lineterminator="\n")

            yield write
            text.detach()
            return
        import pyarrow as pa
        import pyarrow.parquet as pq

        writers: list[pq.ParquetWriter] = []

        def add(rows: pd.DataFrame) -> None:
            table = pa.Table.from_pandas(rows, preserve_index=False)
            if not writers:
                writers.append(pq.ParquetWriter(stream, table.schema))
            writers[0].write_table(table)

        yield add
        for writer in writers:
            writer.close()
