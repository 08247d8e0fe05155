"""Checklists of conferences, answered from what is recorded; the rest is for the author."""

from pipeline.report.comparison import Comparison
from pipeline.report.data_card import entries
from pipeline.report.formats import markdown
from pipeline.report.paper._findings import Findings
from pipeline.report.statistics.replicates import FEWEST

_YOU = "**For you.**"
_SEE = "See the section “{}” of report.md."


def to_checklists(findings: Findings) -> str:
    """checklists.md: the NeurIPS paper checklist and the machine-learning reproducibility checklist (version 2)."""
    parts = ["# Checklists", f"Answered from what the runs recorded. What only the author knows is marked {_YOU}"]
    for title, answers in (("NeurIPS paper checklist", _neurips(findings)), ("ML reproducibility", _pineau(findings))):
        rows = [
            f"| {question} | {markdown(answer) if _YOU not in answer else answer} |" for question, answer in answers
        ]
        parts += [f"## {title}", "\n".join(["| question | answer |", "|:--|:--|", *rows])]
    return "\n\n".join(parts) + "\n"


def _neurips(findings: Findings) -> list[tuple[str, str]]:
    comparison = findings.comparison
    return [
        ("Claims", f"{_YOU} Claim no more than “Results” and “Limits” say."),
        ("Limitations", f"Yes. {_SEE.format('Limits')} {_YOU} Add those that the runs cannot know."),
        ("Theory, assumptions and proofs", "Not applicable: there are no theorems."),
        ("Reproducibility of the results", f"Yes: commands, seeds, versions. {_SEE.format('Reproduce')}"),
        ("Open access to data and code", _code(comparison)),
        ("Experimental setting", f"Yes: every setting. {_SEE.format('Method')}"),
        ("Statistical significance", _significance(findings)),
        ("Compute resources", f"Yes. {_SEE.format('Reproduce')}"),
        ("Code of ethics", _YOU),
        ("Broader impacts", _YOU),
        ("Safeguards", _YOU),
        ("Licences of what is used", _licences(comparison)),
        ("New assets", f"{_YOU} An exported model has a model card (python -m pipeline.export RUN --out FOLDER)."),
        ("Crowdsourcing and human subjects", _YOU),
        ("Approval by a review board", _YOU),
        ("Use of language models", _YOU),
    ]


def _pineau(findings: Findings) -> list[tuple[str, str]]:
    comparison = findings.comparison
    sizes = [f"{split}: {_numbers(comparison, split)}" for split in ("train", "validation", "test")]
    return [
        ("The mathematical setting, algorithm and model are described", f"Yes. {_SEE.format('Model')}"),
        ("Assumptions are explained", _YOU),
        (
            "The complexity of the algorithm is analysed",
            f"Parameters are given. {_SEE.format('Model')} {_YOU} The rest.",
        ),
        ("The number of examples", "; ".join(sizes)),
        ("Splits into train, validation and test", f"Yes. {_SEE.format('Data')}"),
        (
            "Excluded data and preprocessing",
            f"Yes, as far as the pipeline does it. {_SEE.format('Data')} {_YOU} The rest.",
        ),
        ("A link to the data", _YOU),
        ("How new data were collected", _YOU),
        ("Dependencies", "Yes: requirements.txt of this environment, versions in “Reproduce”."),
        ("Training and evaluation code, one command", _code(comparison)),
        ("Trained models", "Yes: model.safetensors in the folder of each run."),
        ("The range of hyperparameters, and how the best were chosen", f"Yes. {_SEE.format('Method')}"),
        ("The number of runs", f"{len(comparison.runs)}"),
        ("The measures are defined", f"Yes. {_SEE.format('Method')}"),
        ("Central tendency and variation", _significance(findings)),
        ("The average runtime", f"{comparison.seconds.mean():.1f} s a run."),
        ("The computing infrastructure", f"Yes. {_SEE.format('Reproduce')}"),
    ]


def _significance(findings: Findings) -> str:
    replicates = findings.replicates
    n = int(replicates.n.max())
    if not n:
        return "No: no run has finished with a test score."
    if n >= FEWEST:
        return f"Yes: 95 % intervals (Student's t) over up to {n} {replicates.noun}; ± covers {replicates.drawn}."
    return f"No: {n} {replicates.noun} for each setting are too few for an interval. Sweep seed=0,1,2,3,4 as well."


def _code(comparison: Comparison) -> str:
    commits = sorted(set(map(str, comparison.runs.get("provenance.git_commit", comparison.runs["run"][:0]).dropna())))
    changed = bool((comparison.runs.get("provenance.git_changed", comparison.runs["run"][:0]) == True).any())  # noqa: E712
    if not commits:
        return f"The commands are in “Reproduce”. {_YOU} Give the address of code and data."
    note = ", with changes that were not committed" if changed else ""
    urls = sorted(set(map(str, comparison.runs.get("provenance.git_url", comparison.runs["run"][:0]).dropna())))
    of = f" of {', '.join(urls)}" if urls else ""
    named = f"Commit {', '.join(commit[:12] for commit in commits)}{of}{note}."
    return f"{named} {_YOU} Give the address of {'the data' if urls else 'code and data'}."


def _licences(comparison: Comparison) -> str:
    known = [f"{entry['title']}: {entry['licence']}" for entry in entries(comparison) if entry["licence"]]
    return f"{'; '.join(known)}." if known else f"{_YOU} The licence of the data is not recorded (dataset.licence)."


def _numbers(comparison: Comparison, split: str) -> str:
    column = f"provenance.examples.{split}"
    counts = sorted(set(comparison.runs[column].dropna().astype(int))) if column in comparison.runs else []
    return " or ".join(f"{count:,}" for count in counts) or "not recorded"
