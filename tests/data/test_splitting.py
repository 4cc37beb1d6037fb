"""Who is set aside: shares, classes, groups, for tables and images alike."""

from itertools import chain, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwise.data import Card, Dataset, ImageDataset, Parts, load
from layerwise.data.group_split import share_out
from layerwise.errors import InputError

CARD = Card("mine", "Mine", "by hand")


def pictures(labels: list[int] | np.ndarray, groups: list[str] | None = None) -> ImageDataset:
    """The first two pixels of image i spell i."""
    pixels = np.zeros((len(labels), 1, 2, 2), np.uint8)
    pixels[:, 0, 0, 0] = np.arange(len(labels)) % 256
    pixels[:, 0, 0, 1] = np.arange(len(labels)) // 256
    classes = tuple(f"c{i}" for i in range(int(np.max(labels)) + 1))
    return ImageDataset(
        pixels, np.asarray(labels), classes, CARD, None if groups is None else np.array(groups)
    )


def rows_of(part: Dataset | ImageDataset) -> list[int]:
    assert isinstance(part, ImageDataset)
    first = part.pixels[:, 0, 0].astype(int)
    return (first[:, 0] + 256 * first[:, 1]).tolist()


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(8, 40), min_size=2, max_size=4),
    seed=st.integers(0, 2**32 - 1),
    shares=st.sampled_from([(0.15, 0.15), (0.25, 0.2), (0.3, 0.4)]),
)
def test_three_parts_hold_every_sample_once_in_even_shares(
    sizes: list[int], seed: int, shares: tuple[float, float]
) -> None:
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    parts = pictures(labels).parts(*shares, seed)
    rows = [rows_of(part) for part in parts]
    assert sorted(chain(*rows)) == list(range(len(labels)))
    assert all(part == sorted(part) for part in rows)
    for part, share in ((parts.control, shares[0]), (parts.test, shares[1])):
        for label, size in enumerate(sizes):
            assert abs((part.require_labels() == label).sum() - share * size) < 2
    again = pictures(labels).parts(*shares, seed)
    assert [rows_of(part) for part in again] == rows


def test_tables_and_images_are_cut_alike() -> None:
    labels = np.arange(60) % 3
    table = Dataset(np.arange(60.0)[:, None], labels, ("x",), ("c0", "c1", "c2"), "kind", CARD)
    for mine, other in zip(table.parts(seed=4), pictures(labels).parts(seed=4), strict=True):
        assert isinstance(mine, Dataset)
        assert mine.features[:, 0].tolist() == rows_of(other)


@settings(max_examples=15, deadline=None)
@given(sizes=st.lists(st.integers(1, 12), min_size=12, max_size=40), seed=st.integers(0, 2**32 - 1))
def test_no_group_is_in_two_parts(sizes: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    groups = [f"g{i}" for i, size in enumerate(sizes) for _ in range(size)]
    order = random.permutation(len(groups))
    data = pictures(random.integers(0, 2, len(groups)), [groups[i] for i in order])
    parts = data.parts(seed=seed)
    held = [set(part.groups.tolist()) for part in parts if part.groups is not None]
    assert len(held) == 3
    assert not (held[0] & held[1] or held[0] & held[2] or held[1] & held[2])
    assert sorted(chain(*map(rows_of, parts))) == list(range(len(groups)))
    assert set(data.require_labels().tolist()) == set(parts.training.require_labels().tolist())
    assert [rows_of(part) for part in data.parts(seed=seed)] == [rows_of(part) for part in parts]


def test_groups_share_out_as_well_as_any_way_there_is() -> None:
    """Against every assignment of ten groups to two parts, of eight to three."""
    for count, shares in ((10, [0.75, 0.25]), (8, [0.6, 0.2, 0.2])):
        for seed in range(5):
            counts = np.random.default_rng(seed).integers(0, 20, (count, 2))
            wanted = np.array(shares)[:, None] * counts.sum(axis=0)

            def cost(part, counts=counts, wanted=wanted):
                sums = np.array([counts[part == i].sum(axis=0) for i in range(len(wanted))])
                return ((sums - wanted) ** 2 / wanted).sum() if sums.all() else np.inf

            ways = (np.array(way) for way in product(range(len(shares)), repeat=count))
            best = min(map(cost, ways))
            assert cost(share_out(counts, np.array(shares), seed)) <= 1.05 * best + 1e-9


def test_a_class_that_one_group_holds_is_learned_and_a_note_says_that_it_is_not_judged() -> None:
    labels = [0, 0, 0, 0, 0, 0, 1, 1]
    training, control = pictures(labels, list("aabbccdd")).split()
    assert 1 in training.require_labels()
    assert 1 not in control.require_labels()
    assert training.notes == (
        "groups kept together: 3 in training, 1 in control",
        "1 class in no group of the control set: c1",
    )


def test_a_mask_or_rows_take_and_everything_goes_along() -> None:
    data = pictures([0, 1, 0, 1], list("pqrs"))
    data = ImageDataset(
        data.pixels, data.labels, data.classes, CARD, data.groups, names=tuple("wxyz")
    )
    for rows in ([1, 3], np.array([False, True, False, True])):
        taken = data.take(rows, ["odd ones"])
        assert rows_of(taken) == [1, 3]
        assert (taken.y.tolist(), taken.names) == (["c1", "c1"], ("x", "z"))
        assert taken.groups is not None
        assert (taken.groups.tolist(), taken.notes) == (["q", "s"], ("odd ones",))


@pytest.mark.parametrize(
    ("labels", "groups", "options", "message"),
    [
        (
            [0, 1, 0],
            None,
            {},
            "There are too few samples to set a control set aside. Received 0 samples in 0 classes "
            "of two samples or more, 1 of them for control. Both sets need at least one sample of "
            "each class. Use more samples or another share for control.",
        ),
        (
            [0, 1] * 4,
            ["x"] * 4 + ["y"] * 4,
            {},
            "There are too few groups for training, test and control. Received 2 groups: x, y. "
            "Each part needs a group of its own, and training one with each class. "
            "Add groups, or split without them.",
        ),
        (
            [0, 0, 1, 1, 2, 2],
            list("aabbcc"),
            {},
            "There are too few groups for training, test and control. Received 3 groups: a, b, c. "
            "Each part needs a group of its own, and training one with each class. "
            "Add groups, or split without them.",
        ),
        (
            [0, 1] * 9,
            None,
            {"control": 0.5, "test": 0.5},
            "The shares set aside leave nothing to learn from. Received 0.5 for test and 0.5 for "
            "control. Together they must be less than 1.",
        ),
        (
            [0, 1] * 9,
            None,
            {"test": 0},
            "The share set aside for test must be a number between 0 and 1. Received 0.",
        ),
    ],
)
def test_parts_that_are_refused(labels, groups, options, message) -> None:
    with pytest.raises(InputError) as caught:
        pictures(labels, groups).parts(**options)
    assert str(caught.value) == message


def test_parts_must_fit_together() -> None:
    data, table = pictures([0, 1]), load("iris")
    with pytest.raises(InputError, match=r"of one kind\. Received Dataset for control"):
        Parts(data, table, data)
    with pytest.raises(InputError, match="other classes than the training part"):
        Parts(data, data, pictures([0, 1, 2]))
    other = ImageDataset(np.zeros((2, 1, 3, 3), np.uint8), np.array([0, 1]), data.classes, CARD)
    with pytest.raises(InputError, match=r"Received \(1, 3, 3\) and \(1, 2, 2\)"):
        Parts(data, other, data)
    assert repr(Parts(data, data, data)) == (
        "<Parts of 'mine': 2 training, 2 control, 2 test; 2 classes>"
    )
