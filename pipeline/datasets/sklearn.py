"""dataset=sklearn"""

import importlib
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from pipeline.datasets import Card
from pipeline.datasets._user import UserData

if TYPE_CHECKING:
    from pipeline.datasets._raw import Raw

_CITATIONS = {
    "digits": """@misc{alpaydin1998optical,
  author = {Alpaydin, Ethem and Kaynak, Cenk},
  title = {Optical Recognition of Handwritten Digits},
  howpublished = {UCI Machine Learning Repository},
  year = {1998}
}""",
    "iris": """@article{fisher1936use,
  author = {Fisher, Ronald A.},
  title = {The Use of Multiple Measurements in Taxonomic Problems},
  journal = {Annals of Eugenics},
  volume = {7},
  number = {2},
  pages = {179--188},
  year = {1936}
}""",
    "wine": """@misc{aeberhard1991wine,
  author = {Aeberhard, Stefan and Forina, Michele},
  title = {Wine},
  howpublished = {UCI Machine Learning Repository},
  year = {1991}
}""",
    "breast_cancer": """@inproceedings{street1993nuclear,
  author = {Street, W. Nick and Wolberg, William H. and Mangasarian, Olvi L.},
  title = {Nuclear Feature Extraction for Breast Tumor Diagnosis},
  booktitle = {Biomedical Image Processing and Biomedical Visualization},
  year = {1993}
}""",
    "diabetes": """@article{efron2004least,
  author = {Efron, Bradley and Hastie, Trevor and Johnstone, Iain and Tibshirani, Robert},
  title = {Least Angle Regression},
  journal = {The Annals of Statistics},
  volume = {32},
  number = {2},
  pages = {407--499},
  year = {2004}
}""",
}


class Sklearn(UserData):
    """A set that scikit-learn brings along; nothing is downloaded. The digits are images of 8 × 8 bytes, 0 to 16."""

    loader: Literal["digits", "iris", "wine", "breast_cancer", "diabetes"] = Field(
        description="digits, iris, wine, breast_cancer or diabetes (regression)"
    )

    @property
    def default_title(self) -> str:
        return f"{self.loader} of scikit-learn"

    def read(self) -> "Raw":
        import numpy as np
        import pandas as pd

        from pipeline.datasets._raw import Part, Raw

        bunch = getattr(importlib.import_module("sklearn.datasets"), f"load_{self.loader}")()
        if self.loader == "digits":
            inputs = bunch.images.astype(np.uint8)
        else:  # with names, by which the columns of a table are found when the network is used
            inputs = pd.DataFrame(bunch.data, columns=list(bunch.feature_names))
        names = tuple(map(str, bunch.target_names)) if "target_names" in bunch else None
        where = f"sklearn.datasets.load_{self.loader}"
        return Raw(where, f"{where}: target", Part(inputs, bunch.target), class_names=names)

    def card(self, source: str, notes: tuple[str, ...]) -> Card:
        card = super().card(source, notes)
        return Card(card.title, source, card.licence, card.citation or _CITATIONS[self.loader], notes)
