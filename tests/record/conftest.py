"""Small networks run faster on one thread; and after every test nothing may be left behind."""

from __future__ import annotations

import pytest
import torch
from plain import left_behind


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def nothing_left():
    yield
    assert left_behind() == []
