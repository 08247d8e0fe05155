"""What a trained network says of new data: `predict(RUN, FILES, "predictions.csv")`."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.predict._predict import Predicted, predict

__all__ = ["Predicted", "predict"]


def __getattr__(name: str) -> Any:
    """Imported when asked for: torch comes with it, for which the command line should not wait."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pipeline.predict import _predict

    return getattr(_predict, name)
