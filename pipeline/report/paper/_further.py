"""What is written beside a report on demand: Word, a notebook, checklists, requirements, a research object."""

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from pipeline.files import write_whole
from pipeline.report.paper._checklists import to_checklists
from pipeline.report.paper._compose import compose
from pipeline.report.paper._crate import CRATE, to_crate
from pipeline.report.paper._docx import to_docx
from pipeline.report.paper._findings import Findings
from pipeline.report.paper._notebook import to_notebook

FURTHER = {
    "docx": "report.docx",
    "notebook": "report.ipynb",
    "checklists": "checklists.md",
    "requirements": "requirements.txt",
    "crate": CRATE,
}


def write_further(out: Path, findings: Findings, kinds: Sequence[str]) -> None:
    """Files of these kinds of `FURTHER`, in the report's folder. Raises UserError where a package is missing."""
    document = compose(findings)
    for kind in dict.fromkeys(kinds):
        content: str | bytes
        path = out / FURTHER[kind]
        if kind == "crate":
            path, content = to_crate(document, findings, out)
        elif kind == "docx":
            content = to_docx(document, out / "figures")
        elif kind == "notebook":
            content = to_notebook(document, findings.folders)
        else:
            content = to_checklists(findings) if kind == "checklists" else requirements()
        write_whole(path, content)


def requirements() -> str:
    """The packages of this environment at their versions, for pip."""
    versions = {one.metadata["Name"]: one.version for one in metadata.distributions() if one.metadata["Name"]}
    return "".join(
        f"{name}=={version}\n" for name, version in sorted(versions.items(), key=lambda pair: pair[0].lower())
    )
