"""The sweep as its users would write it today: Hydra, its joblib launcher, and a torch training function.

python -m benchmarks.baseline -m hidden=128,256 lr=0.003,0.01,0.03,0.1 l2=0,0.0001,0.001 batch_size=64
"""

import gzip
import json
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hydra
import numpy as np
import torch
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig

FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")


@dataclass
class Config:
    """One run."""

    hidden: int = 256
    lr: float = 0.01
    l2: float = 0.0
    batch_size: int = 64
    epochs: int = 3
    seed: int = 0
    memory: bool = False  # batches cut from tensors by hand, as fewer write it, instead of torch's DataLoader
    root: str = str(FASHION_MNIST)


ConfigStore.instance().store(
    name="config", node={"defaults": ["_self_", {"override hydra/launcher": "joblib"}], **vars(Config())}
)


def load(root: Path, name: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Images (N, 784) as float32 in 0 … 1, and labels."""
    images = np.frombuffer(gzip.decompress((root / f"{name}-images-idx3-ubyte.gz").read_bytes()), np.uint8, offset=16)
    labels = np.frombuffer(gzip.decompress((root / f"{name}-labels-idx1-ubyte.gz").read_bytes()), np.uint8, offset=8)
    return torch.from_numpy(images.reshape(-1, 784) / np.float32(255)), torch.from_numpy(labels.astype(np.int64))


@torch.no_grad()
def evaluate(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> tuple[float, float]:
    """Mean loss and accuracy."""
    logits = torch.cat([model(rows) for rows in x.split(1000)])
    return float(torch.nn.functional.cross_entropy(logits, y)), float((logits.argmax(1) == y).float().mean())


def batches(config: Any, x: torch.Tensor, y: torch.Tensor) -> Iterable[Sequence[torch.Tensor]]:
    """An epoch's batches in a new order."""
    if config.memory:
        return ((x[index], y[index]) for index in torch.randperm(len(x)).split(config.batch_size))
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), config.batch_size, shuffle=True)


@hydra.main(version_base="1.3", config_path=None, config_name="config")
def main(config: Any) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(config.seed)
    x, y = load(Path(config.root), "train")
    test = load(Path(config.root), "t10k")
    split = len(x) - len(x) // 10
    train, validation = (x[:split], y[:split]), (x[split:], y[split:])
    model = torch.nn.Sequential(
        torch.nn.Linear(784, config.hidden), torch.nn.ReLU(), torch.nn.Linear(config.hidden, 10)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=config.lr, weight_decay=config.l2)
    history, start = [], time.perf_counter()
    for epoch in range(1, config.epochs + 1):
        for inputs, labels in batches(config, *train):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(inputs), labels).backward()
            optimizer.step()
        row: dict[str, float] = {"epoch": epoch}
        for name, (rows, labels) in {"train": train, "validation": validation, "test": test}.items():
            row[f"{name}_loss"], row[f"{name}_accuracy"] = evaluate(model, rows, labels)
        history.append(row)
    result = {"config": dict(config), "history": history, "seconds": time.perf_counter() - start}
    folder = Path(HydraConfig.get().runtime.output_dir)
    (folder / "result.json").write_text(json.dumps(result))
    torch.save(model.state_dict(), folder / "model.pt")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
