"""The foot of a decision film: what exactly is seen, and what is left out."""

from __future__ import annotations

from ....language import Words
from ....trace import Trace
from ...style import format_count, format_number, format_percent


def statements(
    trace: Trace, said: Words, moments: tuple[int, ...], drawn: int, network: bool
) -> list[str]:
    """Model, plane, colours, points, samples: a part each.

    `moments` are those shown, `drawn` how many samples are, `network` whether its neurons are.
    """
    about = trace.about
    plane = about["plane"]
    parts = [str(about["model"])]
    if plane["kind"] == "columns" and plane["others"]:
        at = str(plane["at"])
        key = {"median": "decision.at-median", "mean": "decision.at-mean"}.get(at)
        where = said(key) if key else at
        if at.startswith("sample "):
            where = said("decision.at-sample", number=at.removeprefix("sample "))
        elif at == "given":
            where = said("decision.at-given")
        parts.append(said("decision.slice", others=plane["others"], where=where))
    elif plane["kind"] != "columns":
        kept = said.figures(format_percent(float(plane["variance"])))
        key = "decision.components" if plane["kind"] == "components" else "decision.through"
        three = ", ".join(str(one + 1) for one in plane.get("samples", ()))
        parts.append(said(key, kept=kept) if not three else said(key, kept=kept, three=three))
        if plane.get("standardised"):
            parts.append(said("decision.standardised"))
    certain = "decision.certain" if about.get("certain") else "decision.strength"
    parts.append(said(certain))
    rows, columns = trace["probabilities", moments[0]].shape[1:]
    parts.append(said("decision.grid", rows=rows, columns=columns))
    every = int(about["samples"])
    counted = said.figures(format_count(every))
    if drawn < every:
        part = said.figures(format_count(drawn))
        parts.append(said("decision.some-samples", drawn=part, all=counted))
    else:
        parts.append(said("decision.samples", all=counted))
    if network:
        parts.append(said("decision.maps"))
    unseen = about.get("unseen")
    if unseen:
        layers = said.figures(format_count(int(unseen["layers"])))
        parts.append(said(f"decision.unseen-{unseen['reason']}", count=layers))
    otherwise = int(trace["otherwise", moments[-1]]) if ("otherwise", moments[-1]) in trace else 0
    if otherwise:
        count = said.figures(format_count(otherwise))
        parts.append(said("decision.otherwise", count=count, all=counted))
    if ("direction", moments[-1]) in trace:
        slope = trace["direction", moments[-1]]
        numbers = [said.figures(format_number(float(one))) for one in slope]
        if len(moments) == 1:
            parts.append(said("decision.arrow-is", x=numbers[0], y=numbers[1]))
        else:
            parts.append(said("decision.arrow"))
    return parts
