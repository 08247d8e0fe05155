"""Settings of all tests of the engine."""

import pytest
import torch
from hypothesis import settings

settings.register_profile("engine", deadline=None)  # a busy machine is no failure
settings.load_profile("engine")


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)
