# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Plots as part of an HTML page."""

import io

from matplotlib import rc_context
from matplotlib.figure import Figure


def to_svg(figure: Figure) -> str:
    """Returns a figure as an SVG element, the same each time."""
    text = io.StringIO()
    with rc_context({"svg.hashsalt": "seedlm"}):  # identifiers are random otherwise
        figure.savefig(text, format="svg", bbox_inches="tight", metadata={"Date": None})
    return text.getvalue()[text.getvalue().index("<svg") :]
