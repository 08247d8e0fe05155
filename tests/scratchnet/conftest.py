"""All sizes in these tests differ, so that no wrong axis goes unseen."""

import pytest
import torch

RUNS, BATCH, PATCHES = 3, 5, 4


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)
