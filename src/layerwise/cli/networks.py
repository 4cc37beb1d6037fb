"""`train`, `models` and `layers`: ordinary networks, from words to a saved run."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from ..errors import InputError, LayerwiseError
from .terminal import Missing, check_choices, err, listed, out

if TYPE_CHECKING:
    from ..data import Parts
    from ..train import Run

ROWS = 20
"""So many epochs of a training are printed, evenly spread, beside the first and the last."""

FALSE_ALARMS = 0.05
OTHERS = 3000  # drawings of none of the classes

Net = Annotated[
    str, typer.Option("--net", help="The network in a few words: see `layerwise models`.")
]


def train(
    data: Annotated[
        str,
        typer.Argument(
            help="A table, a folder or .zip of images (one folder a class), MNIST's files, Quick, "
            "Draw! .ndjson, or a name: digits, drawings, and those of `layerwise data`."
        ),
    ],
    net: Net = "auto",
    target: Annotated[str | None, typer.Option(help="The column with the classes.")] = None,
    columns: Annotated[str | None, typer.Option(help="Use only these columns: a,b")] = None,
    group: Annotated[
        str | None,
        typer.Option(help="Samples that stay together: a column; for images prefix or folder."),
    ] = None,
    size: Annotated[int | None, typer.Option(help="Rows and columns of images.")] = None,
    epochs: Annotated[int, typer.Option(help="How often all samples are seen.")] = 20,
    optimizer: Annotated[str, typer.Option(help="adam, sgd, adamw lr=0.01, lbfgs …")] = "adam",
    learning_rate: Annotated[
        float | None, typer.Option(help="The optimiser's own default if not given.")
    ] = None,
    weight_decay: Annotated[float | None, typer.Option(help="Pull of the weights to 0.")] = None,
    schedule: Annotated[
        str | None, typer.Option(help="constant, step, cosine, one-cycle, plateau …")
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Samples a step.")] = 64,
    clip: Annotated[
        str | None, typer.Option(help="Largest norm of the gradient: 1, value 0.5")
    ] = None,
    label_smoothing: Annotated[float, typer.Option(help="Share of doubt in the labels.")] = 0.0,
    early_stopping: Annotated[
        int | None, typer.Option(help="Stop after so many epochs without a lower control loss.")
    ] = None,
    augment: Annotated[
        bool, typer.Option("--augment", help="Turn, move and scale images.")
    ] = False,
    unknown: Annotated[
        float | None,
        typer.Option(help="Also learn to say unknown, with this share of false alarms: 0.05"),
    ] = None,
    ink: Annotated[
        bool,
        typer.Option(
            "--ink", help="Images are drawings, or photographs of them: find the ink, centre it."
        ),
    ] = False,
    others: Annotated[
        str | None,
        typer.Option(help="A class that is none of the rest: unknown is learned from it."),
    ] = None,
    control: Annotated[float, typer.Option(help="Share set aside for the curves.")] = 0.15,
    test: Annotated[float, typer.Option(help="Share set aside for the final test.")] = 0.15,
    keep: Annotated[str, typer.Option(help="Recorded: values, summary, or metrics.")] = "values",
    budget: Annotated[str, typer.Option(help="At most so much is recorded.")] = "256 MB",
    folder: Annotated[
        Path | None, typer.Option(help="Where the run goes; otherwise runs/NAME.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the folder's run.")] = False,
    device: Annotated[str | None, typer.Option(help="cpu, cuda …; found if not given.")] = None,
    precision: Annotated[str, typer.Option(help="float32, bfloat16 or float16.")] = "float32",
    checkpoints: Annotated[
        bool, typer.Option("--activation-checkpoints", help="Less memory, more time.")
    ] = False,
    missing: Missing = "refuse",
    seed: Annotated[int, typer.Option(help="Same seed, same result.")] = 0,
) -> None:
    """Train a network on a table or on images; record it, judge it, save it."""
    check_choices(
        keep=(keep, ("values", "summary", "metrics")), missing=(missing, ("refuse", "drop"))
    )
    if others is not None and unknown is None:
        unknown = FALSE_ALARMS
    place = folder or Path("runs") / Path(data.rstrip("/")).stem
    from ..data import Augment, load_parts
    from ..train import fit

    options: dict[str, Any] = {"seed": seed, "control": control, "test": test}
    given = {"size": size, "columns": listed(columns), "group": group}
    options |= {name: value for name, value in given.items() if value is not None}
    if missing != "refuse":
        options["missing"] = missing
    parts = load_parts(data, target, **options)
    if ink:
        parts = _inked(parts, size or 28)
    strange = None
    if others is not None:
        parts, strange = _apart(parts, others)
    _describe(parts)
    words = _net(net, parts)
    shown = _Rows(epochs)
    run = fit(
        words, parts, epochs=epochs, optimizer=optimizer, learning_rate=learning_rate,
        weight_decay=weight_decay, schedule=schedule, batch_size=batch_size, clip=_clip(clip),
        label_smoothing=label_smoothing, early_stopping=early_stopping,
        augment=Augment() if augment else None, seed=seed, device=device, precision=precision,
        activation_checkpoints=checkpoints, keep=_keep(keep, budget), folder=place, resume=resume,
        progress=err.is_terminal, on_epoch=shown,
    )  # fmt: skip
    shown.end(run)
    if ink or data == "drawings":
        run.reading["ink"] = True
    _judge(run)
    written = [run.save(place / "model.lw")]
    if unknown is not None:
        from ..train import OpenSet

        known_others = strange.training if strange is not None else _others(run)
        guarded = OpenSet(run, others=known_others, false_alarms=unknown, seed=seed)
        out.print(f"unknown: {guarded.false_alarm_rate}", markup=False)
        if strange is not None:
            out.print(str(guarded.compare(parts.test, strange.test)), markup=False)
        written.append(guarded.save(place / "unknown.lw"))
    for path in (*written, place / "trace.lwt"):
        out.print(f"wrote {path}", markup=False)


def list_models() -> None:
    """List the networks that can be built from a few words."""
    from ..models import ACTIVATIONS, catalog

    table = Table(box=None, pad_edge=False)
    for name, justify in [("words", "left"), ("what", "left"), ("data", "left"),
                          ("parameters", "right")]:  # fmt: skip
        table.add_column(name, justify=justify, no_wrap=name == "words")  # type: ignore[arg-type]
    for entry in catalog():
        shape = " × ".join(f"{side:,}" for side in entry.inputs)
        table.add_row(
            entry.example, entry.about, f"{shape}, {entry.classes:,} classes",
            f"{entry.parameters:,}",
        )  # fmt: skip
    out.print(table)
    out.print(f"\nactivations: {', '.join(ACTIVATIONS)}", markup=False)


def list_layers(
    model: Annotated[
        str,
        typer.Argument(help="A model file, or a network in a few words: see `layerwise models`."),
    ],
    inputs: Annotated[
        str | None, typer.Option(help="Shape of one sample, for words: 784 or 3,64,64")
    ] = None,
    classes: Annotated[int | None, typer.Option(help="How many classes, for words.")] = None,
) -> None:
    """List a model's layers: shapes, parameters and multiply-adds of one pass."""
    network, shape = network_from(model, inputs, classes)
    from ..models import layers

    table = Table(box=None, pad_edge=False)
    for name, justify in [("layer", "left"), ("operation", "left"), ("output", "left"),
                          ("parameters", "right"), ("multiply-adds", "right")]:  # fmt: skip
        table.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    rows = layers(network, shape)
    for row in rows:
        output = "" if row.output is None else " × ".join(f"{side:,}" for side in row.output)
        table.add_row(
            row.name, row.operation, output, f"{row.parameters:,}", f"{row.multiply_adds:,}"
        )
    parameters = sum(row.parameters for row in rows)
    adds = sum(row.multiply_adds for row in rows)
    table.add_row("all", f"{len(rows):,} layers", "", f"{parameters:,}", f"{adds:,}")
    out.print(table)


def network_from(
    model: str, inputs: str | None, classes: int | None
) -> tuple[Any, tuple[int, ...]]:
    """The network, and the shape of one sample, from a file or from words."""
    from ..models import build, catalog, parse

    if Path(model).suffix == ".lw" or Path(model).is_file():
        from ..models.network_file import read_network
        from ..saved import kind_of

        if kind_of(model) != "network":
            raise InputError(
                f"{model} is a lattice classifier, whose layers are all alike: images of its grid",
                do="layerwise film draws them",
            )
        network, document = read_network(model)
        return network, document.inputs
    spec = parse(model)
    entry = next((e for e in catalog() if str(parse(e.example)) == str(spec)), None)
    entry = entry or next((e for e in catalog() if parse(e.example).family == spec.family), None)
    sizes = [int(size) for size in model.split("-") if size.isdecimal()]
    whole = sizes if "-".join(map(str, sizes)) == model and len(sizes) > 1 else None
    shape = _shape(inputs) if inputs is not None else None
    if shape is None:
        shape = (whole[0],) if whole else entry.inputs if entry else (784,)
    count = classes or (whole[-1] if whole else entry.classes if entry else 10)
    return build(spec, shape, count), shape


def _shape(text: str) -> tuple[int, ...]:
    sides = [side.strip() for side in text.replace("x", ",").replace("×", ",").split(",")]
    if not all(side.isdecimal() and int(side) > 0 for side in sides) or len(sides) not in (1, 2, 3):
        raise InputError(
            "The shape of a sample is one to three whole numbers", received=f"--inputs {text}",
            allowed="Such as 784 or 3,64,64 (channels, rows, columns)",
        )  # fmt: skip
    return tuple(int(side) for side in sides)


def _describe(parts: Parts) -> None:
    training = parts.training
    shape = " × ".join(f"{side:,}" for side in training.shape)
    names = training.classes
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    out.print(
        f"{training.card.name}: {len(training):,} to learn from, {len(parts.control):,} for "
        f"control, {len(parts.test):,} for the test; each {shape}; {len(names)} classes: {shown}",
        markup=False,
    )
    for note in training.notes:
        out.print(f"  {note}", markup=False)


def _inked(parts: Parts, size: int) -> Parts:
    from ..data import ImageDataset, Parts
    from ..data.ink import prepare_drawings

    found = []
    for part in parts:
        if not isinstance(part, ImageDataset):
            raise InputError("Only images have ink to be found", received=part.card.name)
        found.append(prepare_drawings(part, size))
    return Parts(*found)


def _apart(parts: Parts, name: str) -> tuple[Parts, Parts]:
    """The parts without a class, and that class's own samples in three parts."""
    from ..data import Parts, set_apart

    pairs = [set_apart(part, name) for part in parts]
    return Parts(*(rest for rest, _ in pairs)), Parts(*(own for _, own in pairs))


def _others(run: Run) -> Any:
    """For drawings, generated ones of many other kinds; otherwise what is made up from the data."""
    if not run.reading.get("ink"):
        return None
    from ..data.generated_drawings import drawings

    out.print(f"unknown is learned from {OTHERS:,} generated drawings of other kinds")
    return drawings(("other",), OTHERS, size=run.reading["size"][0])


def _net(words: str, parts: Parts) -> str:
    """What stands for "auto": a small dense network for tables, the basic ConvNet for images."""
    if words != "auto":
        return words
    return "cnn norm=batch dropout=0.3" if len(parts.training.shape) == 3 else "mlp 64-32"


def _keep(keep: str, budget: str) -> Any:
    if keep == "metrics":
        return None
    from ..record import Keep

    way: Any = keep
    return Keep(outputs=way, gradients=way, weights=way, budget=budget)


def _clip(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return text


class _Rows:
    """Prints some of the epochs as they end, where no bar shows them."""

    def __init__(self, epochs: int) -> None:
        self._every = max(1, math.ceil(epochs / ROWS))
        self._printed = 0

    def __call__(self, run: Run) -> None:
        row = run.history.last
        if int(row["epoch"]) % self._every == 0 or int(row["epoch"]) == 1:
            self._print(row)

    def end(self, run: Run) -> None:
        """The last epoch, if it was not shown."""
        if len(run.history) and int(run.history.last["epoch"]) != self._printed:
            self._print(run.history.last)

    def _print(self, row: dict[str, float]) -> None:
        self._printed = int(row["epoch"])
        words = [f"epoch {row['epoch']:>4.0f}"]
        for name in ("training", "control"):
            if not math.isnan(row[f"{name} loss"]):
                words.append(f"{name} loss {row[f'{name} loss']:.4f}")
            if not math.isnan(row[f"{name} accuracy"]):
                words.append(f"accuracy {100 * row[f'{name} accuracy']:5.1f} %")
        out.print("  ".join(words), markup=False)


def _judge(run: Run) -> None:
    for finding in run.findings:
        out.print(str(finding), markup=False)
    said = run.parts.training.notes if run.parts is not None else ()
    for note in run.notes:
        if note not in said:
            out.print(f"  {note}", markup=False)
    try:
        result = run.test()
    except LayerwiseError:
        return
    words = [f"test: {result.samples:,} samples"]
    if not math.isnan(result.accuracy):
        words.append(f"accuracy {100 * result.accuracy:.1f} %")
    words.append(
        f"loss {result.loss:.4g}"
        if math.isnan(result.log_loss)
        else f"log-loss {result.log_loss:.3f}"
    )
    out.print(", ".join(words), markup=False)
    if result.classes and 1 < len(result.classes) <= 12:
        table = Table(box=None, pad_edge=False)
        table.add_column("true class")
        for name in result.classes:
            table.add_column(name, justify="right")
        for name, row in zip(result.classes, result.confusion, strict=True):
            table.add_row(name, *(f"{count:,}" for count in row))
        out.print(table)
