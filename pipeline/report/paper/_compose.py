"""The report of runs on one data set as a document: question, data, model, method, results, discussion, limits."""

from collections.abc import Sequence

import pandas as pd

from pipeline.metrics import SELECTION
from pipeline.report.comparison import Comparison
from pipeline.report.data_card import titles
from pipeline.report.outcome import BAD, messages
from pipeline.report.page import notes, outcomes, title
from pipeline.report.paper._command import SweepCommand
from pipeline.report.paper._data import own_references
from pipeline.report.paper._discussion import questions
from pipeline.report.paper._document import Block, Code, Document, Items, Section, Words
from pipeline.report.paper._findings import Findings
from pipeline.report.paper._methods import Methods
from pipeline.report.paper._references import cited, entries_of, mention
from pipeline.report.paper._settings import Settings
from pipeline.report.paper._tables import all_runs, main_table
from pipeline.report.presented import presented
from pipeline.report.statistics.tests import conclusions
from pipeline.report.statistics.winner import best_run, trust
from pipeline.report.vocabulary import data_name, listed

_SHOWS = {
    "search": "shows the progress of the search",
    "learning_curves": "shows the learning curves",
    "importance": "shows how much of the variance each swept key explains",
    "effects": "shows the effect of each swept key",
    "heat_map": "crosses the two keys that matter most",
    "confusion": "is the confusion matrix of run {run} on test",
    "accuracy_by_class": "shows its accuracy by class",
    "mistakes": "shows the mistakes of which it is surest",
    "first_layer": "shows weights of its first layer",
}
_TABLES = {"confirmed": "gives what was selected, and what it reaches on new seeds"}
_COMMANDS = 12  # single runs whose commands are printed


def compose(findings: Findings) -> Document:
    """Every part of it but its format."""
    comparison = findings.comparison
    settings, command = Settings(comparison), SweepCommand.of(findings.folders, findings.searched)
    names = {figure.name for figure in findings.figures}
    methods = Methods.of(settings, findings.replicates, findings.importance, command, names)
    sections = [
        Section("Question", [*map(Words, notes(comparison)), _question(comparison)]),
        Section("Data", [" ".join(methods.data)]),
        Section("Model", [" ".join(methods.model)]),
        Section("Method", [" ".join(part) for part in (methods.training, methods.sweep, methods.figures)]),
        Section("Results", _results(findings)),
        Section("Discussion", _discussion(findings)),
        Section("Limits", _limits(findings)),
        Section("Reproduce", [*_commands(comparison, command), " ".join(methods.computing)]),
    ]
    texts = [block for section in sections for block in section.blocks if isinstance(block, str)]
    return Document(
        title(comparison),
        _authors(comparison),
        sections,
        [all_runs(comparison), settings.table()],
        entries_of(cited(texts), own_references(comparison)),
    )


def _authors(comparison: Comparison) -> list[str]:
    given = comparison.runs.get("config.sweep.author", pd.Series(dtype=object)).dropna()
    return list(dict.fromkeys(map(str, given)))


def _question(comparison: Comparison) -> str:
    data = listed(list(dict.fromkeys(map(data_name, titles(comparison.runs)))))
    keys = [comparison.names[key] for key in comparison.swept]
    label, best = comparison.metric.label, comparison.metric.best_word
    if keys:
        return f"Which choice of {listed(keys)} gives the {best} {label} on {data}, and how sure is that?"
    if comparison.replicating:
        return f"What {label} does this network reach on {data}, and how much does it owe to luck?"
    return f"What {label} does this network reach on {data}?"


def _results(findings: Findings) -> list[Block]:
    """The sentences of the page, then the tables and figures, each after the sentence that mentions it."""
    comparison = findings.comparison
    if not comparison.picked:
        best = [f"{comparison.why_not_picked}, so no run is picked as the best."]
    else:
        best = conclusions(comparison) if comparison.replicated else best_run(comparison)
    words = [*filter(None, [findings.confirmation]), *best, *filter(None, [findings.by_example]), *outcomes(comparison)]
    words += [
        f"{whose[:1].upper()}{whose[1:]} ({status}): {message}"
        for whose, status, message in messages(comparison.runs)
        if status in BAD
    ]
    blocks: list[Block] = [words[0], Items(words[1:])] if len(words) > 2 else list(words)
    confirmed = [presented(table, comparison) for table in findings.tables if table.name == "confirmed"]
    for table in (*confirmed, main_table(comparison, findings.tables)):
        what = _TABLES.get(table.name, "gives the settings and their scores")
        blocks += [f"{mention(f'tab:{table.name}')} {what}.", table]
    run = str(comparison.runs["run"][comparison.representative])
    for figure in findings.figures:
        what = _SHOWS.get(figure.name, f"shows this: {figure.title}").replace("{run}", run)
        blocks += [f"{mention(f'fig:{figure.name}')} {what}.", figure]
    return blocks


def _discussion(findings: Findings) -> list[Block]:
    asked = questions(findings.replicates, findings.importance, findings.diagnosis, findings.fit)
    if not asked:
        return ["For the author: what do these results answer, and what not?"]
    comparison = findings.comparison
    of_one = comparison.picked and comparison.replicated
    one = f"Figures of one run are those of run {comparison.representative_name}. " if of_one else ""
    return [f"{one}For the author to answer, from the results:", Items(asked)]


def _limits(findings: Findings) -> list[Block]:
    comparison = findings.comparison
    limits = trust(comparison) if comparison.picked else []
    if not comparison.replicated:
        limits += conclusions(comparison)
    if comparison.picked and len(set(comparison.setting)) > 1 and comparison.one_split:
        limits.append(f"All settings are compared on one {SELECTION} split, which another draw would change.")
    tried = "the values that were swept were" if comparison.swept else "this setting was"
    limits.append(f"Only {tried} tried, on this data alone.")
    return [Items(limits)]


def _commands(comparison: Comparison, command: SweepCommand) -> Sequence[Block]:
    runs = comparison.runs
    needs = f"; the sweep {command.confirms}, which it confirms, must be there" if command.confirms else ""
    if command.text and command.runs is None:
        return [f"The command of this sweep, or the last of several{needs}:", Code(command.text)]
    trained, left = runs["run"].isin(command.runs or ()), comparison.untrained
    more = f", and {left} that {'has' if left == 1 else 'have'} not begun," if left else ""
    blocks: list[Block] = []
    if trained.any():
        said = (
            f"This command trains all runs again{more} and writes this report"
            if trained.all()
            else f"This command, the last of several, trains {trained.sum()} of the {len(runs)} runs again"
        )
        blocks = [f"{said}{needs}:", Code(command.text)]
    singles = runs.get("provenance.command", pd.Series(None, runs.index, dtype=object))[~trained].dropna()
    commands = list(dict.fromkeys(singles))
    if not commands:
        return blocks
    first = f" (of the first {_COMMANDS}; the page has all)" if len(commands) > _COMMANDS else ""
    which, one = ("the others", "the other") if blocks else ("the runs again", "it again")
    said = f"These commands train {which}, each one run{first}:" if len(commands) > 1 else f"This command trains {one}:"
    return [*blocks, said, Code("\n".join(commands[:_COMMANDS]))]
