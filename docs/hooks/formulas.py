"""Formulas between dollars become MathML, which browsers draw without a script."""

import re
from html import unescape
from typing import Any

from latex2mathml.converter import convert

_FORMULA = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)


def on_page_content(html: str, **_: Any) -> str:
    return _FORMULA.sub(
        lambda found: convert(unescape(found[3]).strip(), display="block" if found[2] == "[" else "inline"), html
    )
