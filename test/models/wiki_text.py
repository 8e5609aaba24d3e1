# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Running text of Wikipedia articles, from an export of their wiki markup."""

import bz2
import html
import re
from collections.abc import Iterator
from pathlib import Path

_LONGEST = 1500  # characters taken of an article, so that there are many

_ARTICLE = re.compile(r"<text[^>]*>(.*?)</text>", re.DOTALL)
_REDIRECT = "#REDIRECT"
_NOTES = re.compile(r"<ref[^>]*/>|<ref.*?</ref>|<!--.*?-->", re.DOTALL)
_NESTED = (
    re.compile(r"\{\{[^{}]*\}\}"),
    re.compile(r"\{\|(?:(?!\{\||\|\}).)*\|\}", re.DOTALL),
    re.compile(r"\[\[(?:File|Image|Category):(?:[^\[\]]|\[\[[^\[\]]*\]\])*\]\]"),
)
_LINK = re.compile(r"\[\[(?:[^\[\]|]*\|)?([^\[\]]*)\]\]")
_EXTERNAL_LINK = re.compile(r"\[\w+://\S+ ?([^\]]*)\]")
_ELEMENTS = re.compile(r"<(math|gallery|table)\b.*?</\1>|<[^>]*>", re.DOTALL)
_HEADINGS_AND_LISTS = re.compile(r"^[=*#:;|!].*$|'{2,}|__[A-Z]+__", re.MULTILINE)


def wiki_text(export: Path) -> str:
    """Returns the beginnings of the longer articles in `export`, a .xml.bz2, a line each."""
    return "".join(f"{line}\n" for line in _lines(bz2.decompress(export.read_bytes()).decode()))


def _lines(export: str) -> Iterator[str]:
    for match in _ARTICLE.finditer(export):
        if match[1].startswith(_REDIRECT):
            continue
        text = " ".join(_running_text(html.unescape(match[1])).split())
        if len(text) >= _LONGEST:
            yield text[: text.rindex(". ", 0, _LONGEST) + 1]


def _running_text(markup: str) -> str:
    text = _NOTES.sub("", markup)
    for pattern in _NESTED:
        found = 1
        while found:
            text, found = pattern.subn("", text)
    text = _EXTERNAL_LINK.sub(r"\1", _LINK.sub(r"\1", text))
    return html.unescape(_HEADINGS_AND_LISTS.sub("", _ELEMENTS.sub("", text)))
