"""`python tests/support/mutants.py [PART…]`: one realistic mistake at a time, to see whether the tests notice.

Each mutant is one line of the packages changed in a copy of the checkout, and the tests that are to notice it; those of
the parts named are tried (of engine, training, sweep, runs, statistics, report), or all. Survivors are listed, status 1.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENGINE = "tests/scratchnet/test_stack.py tests/scratchnet/kernels/test_plain.py"
TRAINER = "tests/pipeline/training/test_trainer.py"
METRICS = "tests/pipeline/runs/test_metrics.py tests/pipeline/runs/test_select.py"
STATISTICS = "tests/pipeline/report/test_statistics.py"
REPORT = "tests/pipeline/report/test_report.py tests/pipeline/report/test_paper.py"


@dataclass(frozen=True)
class Mutant:
    """`old` becomes `new` in a file; `tests` should fail then."""

    file: str
    old: str
    new: str
    tests: str

    @property
    def part(self) -> str:
        """The part of the packages that it is of."""
        parts = Path(self.file).parts
        if parts[0] == "scratchnet":
            return "engine"
        return "statistics" if "statistics" in parts else parts[1]


MUTANTS = [
    # Engine: stacks, padding, what a run draws.
    Mutant("scratchnet/values.py", "return value[run][tuple(", "return value[0][tuple(", ENGINE),
    Mutant("scratchnet/kernels/plain.py", "grads[name].mul_(mask)", "pass", ENGINE),
    Mutant(
        "scratchnet/stack.py",
        "if alike and all(torch.equal(value, other.params[name]) for name, value in group.params.items()):",
        "if alike:",
        ENGINE,
    ),
    Mutant("scratchnet/values.py", "total += 0.5 * l2 *", "total += l2 *", ENGINE),
    Mutant("scratchnet/values.py", "manual_seed(run.seed)", "manual_seed(self.runs[0].seed)", ENGINE),
    Mutant("scratchnet/stack.py", "loss = torch.cat(losses) / len(examples)", "loss = torch.cat(losses)", ENGINE),
    Mutant(
        "scratchnet/values.py",
        "dtype=torch.float64)\n        factors",
        "dtype=torch.float64) + 1\n        factors",
        ENGINE,
    ),
    Mutant("scratchnet/averaging.py", "def update(", "def _update(", "tests/scratchnet/test_averaging.py"),
    # Training: the order, the best epoch, the seconds.
    Mutant(
        "pipeline/training/trainer.py",
        "np.random.default_rng((seed, epoch))",
        "np.random.default_rng((seed, 1))",
        TRAINER,
    ),
    Mutant("pipeline/training/trainer.py", "- past}", "}", TRAINER),
    Mutant("pipeline/training/_clock.py", "return {name: value / runs", "return {name: value", TRAINER),
    Mutant(
        "pipeline/training/trainer.py",
        "0 < folder.job.config.training.patience <=",
        "0 < folder.job.config.training.patience <",
        TRAINER,
    ),
    Mutant("pipeline/training/trainer.py", '"lr": float(lr[r])', '"lr": float(lr[0])', TRAINER),
    # Runs: what counts as best.
    Mutant("pipeline/runs/metrics.py", 'if row["epoch"] == 0 or not', "if not", METRICS),
    Mutant("pipeline/runs/metrics.py", "return new > old or", "return new >= old or", METRICS),
    Mutant(
        "pipeline/runs/metrics.py",
        '{f"best_{name}": best[name] for name in names}',
        '{f"best_{name}": final[name] for name in names}',
        METRICS,
    ),
    Mutant(
        "pipeline/runs/identity.py",
        "exclude_defaults=True",
        "exclude_defaults=False",
        "tests/pipeline/runs/test_identity.py",
    ),
    Mutant("pipeline/runs/folder.py", "(before + i) % every == 0", "i % every == 0", TRAINER),
    # Sweep: who stays, what is asked twice.
    Mutant(
        "pipeline/sweep/halving.py",
        "reverse=True)[: rung.stay]",
        "reverse=False)[: rung.stay]",
        "tests/pipeline/runs/test_select.py",
    ),
    Mutant(
        "pipeline/sweep/halving.py",
        "return math.ceil(round(job.config.training.epochs * self.share, 9))",
        "return math.ceil(job.config.training.epochs * self.share) + 1",
        "tests/pipeline/command/test_search.py",
    ),
    Mutant(
        "pipeline/command/search.py",
        'return select == "auto" or metric_of',
        "return metric_of",
        "tests/pipeline/command/test_search.py",
    ),
    Mutant(
        "pipeline/command/_study.py",
        '"maximize" if higher_is_better',
        '"minimize" if higher_is_better',
        "tests/pipeline/command/test_search.py",
    ),
    Mutant(
        "pipeline/config/settings.py",
        'REPLICATING = ("seed", "dataset.fold")',
        'REPLICATING = ("seed",)',
        "tests/pipeline/command/test_search.py tests/documents/test_searches.py",
    ),
    # Statistics.
    Mutant(
        "pipeline/report/statistics/tests.py",
        "effect = stats.t.ppf((1 + LEVEL) / 2, n - 1)",
        "effect = stats.t.ppf(LEVEL, n - 1)",
        STATISTICS,
    ),
    Mutant("pipeline/report/statistics/tests.py", 'method="holm"', 'method="sidak"', STATISTICS),
    Mutant("pipeline/report/statistics/tests.py", "p = 2 * stats.t.sf", "p = stats.t.sf", STATISTICS),
    Mutant(
        "pipeline/report/statistics/replicates.py",
        "return 1 / (float(folds) - 1)",
        "return 1 / float(folds)",
        STATISTICS,
    ),
    Mutant(
        "pipeline/report/statistics/replicates.py",
        "sd * np.sqrt(1 / n + self.overlap)",
        "sd * np.sqrt(1 / n)",
        STATISTICS,
    ),
    Mutant(
        "pipeline/report/statistics/winner.py",
        'method="wilson"',
        'method="normal"',
        "tests/pipeline/report/test_winner.py",
    ),
    Mutant(
        "pipeline/report/statistics/winner.py",
        "(score <= level + _EQUAL)",
        "(score < level - _EQUAL)",
        "tests/pipeline/report/test_winner.py",
    ),
    Mutant(
        "pipeline/report/statistics/importance.py",
        "(squares - degrees * mean_square)",
        "squares",
        "tests/pipeline/report/test_importance.py",
    ),
    Mutant(
        "pipeline/report/statistics/ranks.py",
        "np.sqrt(k * (k + 1) / (6 * n))",
        "np.sqrt(k * (k + 1) / (12 * n))",
        "tests/pipeline/report/test_data_sets.py",
    ),
    Mutant(
        "pipeline/report/statistics/ranks.py",
        "{True: -1.0, False: 1.0}",
        "{True: 1.0, False: -1.0}",
        "tests/pipeline/report/test_data_sets.py",
    ),
    Mutant(
        "pipeline/report/statistics/examples.py",
        "(right & ~right_there)",
        "(right & right_there)",
        "tests/pipeline/report/test_examples.py",
    ),
    Mutant(
        "pipeline/report/statistics/diagnosis.py",
        "self.target * classes + self.predicted",
        "self.predicted * classes + self.target",
        "tests/pipeline/report/test_diagnosis.py",
    ),
    # The report: tables, figures, words.
    Mutant(
        "pipeline/report/comparison.py",
        "return bool((values == earlier).all())",
        "return bool((values == earlier).any())",
        REPORT,
    ),
    Mutant(
        "pipeline/report/comparison.py",
        "score = self.score if self.metric.higher_is_better else -self.score",
        "score = self.score",
        REPORT,
    ),
    Mutant(
        "pipeline/report/figures/effects.py",
        "means.reindex(index=down, columns=across)",
        "means.reindex(index=down[::-1], columns=across)",
        REPORT,
    ),
    Mutant(
        "pipeline/report/figures/curves.py",
        '((train, "--"), (validation, "-"))',
        '((train, "-"), (validation, "--"))',
        REPORT,
    ),
    Mutant(
        "pipeline/report/paper/_methods.py",
        "comparison.seconds.sum() / 60:",
        "comparison.seconds.sum() / 3600:",
        REPORT,
    ),
    Mutant(
        "pipeline/report/formats.py",
        "if pd.notna(value) and math.isfinite(value) else NOTHING",
        "if pd.notna(value) else NOTHING",
        REPORT,
    ),
    Mutant("pipeline/report/page/_summary.py", "divmod(round(seconds), 60)", "divmod(round(seconds), 100)", REPORT),
    Mutant(
        "pipeline/report/equal_length.py",
        "[compared].min())",
        "[compared].max())",
        "tests/pipeline/report/test_equal_length.py",
    ),
    Mutant(
        "pipeline/report/figures/search.py",
        "** np.arange(1, len(ordered) + 1)[:, None]",
        "** np.arange(0, len(ordered))[:, None]",
        "tests/pipeline/report/test_search_figure.py",
    ),
]


def tried(mutant: Mutant, copy: Path) -> str:
    """What became of the mutant: killed, SURVIVED, or that the line is no longer there."""
    path = copy / mutant.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) < 1:
        return "GONE"
    path.write_text(text.replace(mutant.old, mutant.new, 1), encoding="utf-8")
    try:
        words = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-x",
            "-p",
            "no:xdist",
            "-p",
            "no:cacheprovider",
            *mutant.tests.split(),
        ]
        environment = os.environ | {"PYTHONPATH": str(copy), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(words, cwd=copy, env=environment, capture_output=True, check=False)
        return "killed" if done.returncode == 1 else "SURVIVED" if done.returncode == 0 else f"status {done.returncode}"
    finally:
        path.write_text(text, encoding="utf-8")


def main() -> int:
    chosen = [mutant for mutant in MUTANTS if not sys.argv[1:] or mutant.part in sys.argv[1:]]
    counts: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "checkout"
        ignored = shutil.ignore_patterns(".git", ".venv", "outputs", "site", "*cache*", ".hypothesis")
        shutil.copytree(ROOT, copy, ignore=ignored)
        for mutant in chosen:
            start = time.perf_counter()
            outcome = tried(mutant, copy)
            counts[outcome] = counts.get(outcome, 0) + 1
            seconds = time.perf_counter() - start
            print(
                f"{outcome:9} {seconds:5.0f} s  {mutant.file}: {mutant.old.strip()[:60]} -> {mutant.new.strip()[:60]}",
                flush=True,
            )
    print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    return int(set(counts) != {"killed"})


if __name__ == "__main__":
    raise SystemExit(main())
