"""A network that has seen circles, squares and triangles, and is shown other things.

python examples/saying_unknown.py
"""

from __future__ import annotations

import layerwise as lw
from layerwise.data import drawings
from layerwise.data.shapes_drawn import OTHER

NEVER_SEEN = ("star", "heart", "spiral")


def main() -> None:
    """Train on generated drawings, learn to say unknown, and compare with a softmax threshold."""
    run = lw.fit(
        "mlp 128-64", drawings(per_kind=800), epochs=12, schedule="one-cycle",
        learning_rate=3e-3, keep=None,
    )  # fmt: skip
    print(f"right on {run.test().accuracy:.1%} of drawings it has not seen")
    others = drawings(("other",), 1600, others=[kind for kind in OTHER if kind not in NEVER_SEEN])
    careful = lw.OpenSet(run, others=others, false_alarms=0.05)
    print(careful.false_alarm_rate)
    strange = drawings(NEVER_SEEN, 200, seed=5)
    print(careful.compare(drawings(per_kind=200, seed=5), strange))
    answers = careful.predict(strange)
    for kind in NEVER_SEEN:
        caught = (answers[strange.y == kind] == "unknown").mean()
        print(f"  a {kind}, never seen before, is called unknown in {caught:.0%} of cases")


if __name__ == "__main__":
    main()
