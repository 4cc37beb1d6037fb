"""The option --device of `classify`."""

from __future__ import annotations


def test_a_device_that_is_not_there_is_said_with_those_that_are(run):
    status, _, said = run("classify", "moons", "--grid", "30", "--device", "cuda:99")
    assert status == 2
    assert "That device is not there. Received device='cuda:99'. Here there are" in said
