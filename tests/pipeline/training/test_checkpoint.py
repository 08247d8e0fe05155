"""A checkpoint is what was written, to the last bit, or it is set aside."""

from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.training.checkpoint import Checkpoint, of_bytes, to_bytes

STATE = Checkpoint(
    {"weight": torch.arange(6.0).view(2, 3), "steps": torch.tensor(7), "empty": torch.empty(0, 3)},
    {"runs": ["0"], "seconds": [0.1, 1e-300], "epoch": 3},
)


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    STATE.write(path)
    read = Checkpoint.read(path)
    assert read is not None
    assert read.facts == STATE.facts
    assert {name: value.tolist() for name, value in read.tensors.items()} == {
        name: value.tolist() for name, value in STATE.tensors.items()
    }
    assert Checkpoint.read(tmp_path / "none.safetensors") is None


@given(data=st.binary(max_size=20))
def test_bytes_are_a_tensor_of_their_own_and_back(data: bytes) -> None:
    text = bytearray(data)
    tensor = of_bytes(text)
    text += b"more"  # which a tensor that shares its memory would forbid
    assert (to_bytes(tensor), tensor.dtype) == (data, torch.uint8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), cut=st.booleans())
def test_damage_is_told_and_never_trained_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: float, bit: int, cut: bool
) -> None:
    path = tmp_path / "state.safetensors"
    STATE.write(path)
    data = bytearray(path.read_bytes())
    at = int(place * len(data))
    data[at] ^= 1 << bit
    path.write_bytes(data[:at] if cut else data)
    read = Checkpoint.read(path)
    if read is None:
        assert not path.exists()
        assert (tmp_path / "state.safetensors.damaged").exists()
        assert "damaged" in capsys.readouterr().err
    else:  # a bit that carries nothing, such as the case of a name in the header's padding
        assert read.facts == STATE.facts
        assert all(torch.equal(read.tensors[name], value) for name, value in STATE.tensors.items())
