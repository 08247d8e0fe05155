"""The engine as scikit-learn estimators: `ScratchClassifier` and `ScratchRegressor`.

The one part of the engine that needs scikit-learn; nothing else imports it.
"""

try:
    import sklearn  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "scratchnet.sklearn: scikit-learn is missing; pip install 'scratchnet-sweeps[sklearn]'", name="sklearn"
    ) from error

from scratchnet.sklearn._estimators import ScratchClassifier, ScratchRegressor

__all__ = ["ScratchClassifier", "ScratchRegressor"]
