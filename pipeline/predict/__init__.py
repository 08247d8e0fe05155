"""What a trained network says of new data: `predict(RUN, FILES, "predictions.csv")`."""

from pipeline.predict._predict import Predicted, predict

__all__ = ["Predicted", "predict"]
