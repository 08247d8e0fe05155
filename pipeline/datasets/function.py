"""dataset=function"""

import hashlib
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from pipeline.choices import Count, Sections
from pipeline.datasets._pictures import Pictures
from pipeline.datasets._user import UserData
from pipeline.errors import UserError
from pipeline.importing import current_folder, import_object, raised

if TYPE_CHECKING:
    from pipeline.datasets._raw import Raw


class Function(Pictures, UserData):
    """Whatever a function of the user's returns, without arguments: `load` in ./my_data.py is my_data:load.

    Arrays x, y or x_train, y_train, x_test, y_test; a dict of them; a DataFrame, with the column to predict as
    `target`; a torch Dataset; or (train, test) of the last two. The file that it is in is part of the fingerprint.
    """

    function: str | None = Field(description="module:name, such as my_data:load for load() in my_data.py")
    target: str | list[str] | None = Field(description="the column to predict where the function returns a DataFrame")
    most_categories: Count = Field(
        default=100, description="the most texts that a column may have: each becomes a feature, 0 or 1"
    )
    examples_axis: Literal[0, -1] | None = Field(
        description="null to tell by the shapes, 0 for examples along the first axis of x, -1 along the last"
    )

    @property
    def default_title(self) -> str:
        return str(self.function)

    def changed(self) -> str:
        return self._code(self._object())

    def read(self) -> "Raw":
        from pipeline.datasets._frame import Columns
        from pipeline.datasets._returned import raw_of_returned

        function = self._object()
        where = f"dataset.function={self.function}"
        try:
            with current_folder():
                value = function()
        except (Exception, SystemExit) as error:
            raise UserError(f"{where}: {raised(error)}") from error
        target = [self.target] if isinstance(self.target, str) else list(self.target or [])
        try:
            columns = Columns(target, most_categories=self.most_categories)
            return raw_of_returned(where, value, columns, self.examples_axis, self._code(function))
        except UserError:
            raise
        except Exception as error:  # of a Dataset's own code, asked for its examples
            raise UserError(f"{where}: what it returned {raised(error)}") from error

    def mistakes(self, config: Sections) -> list[str]:
        missing = [] if self.function else ["dataset.function=null: give module:name, such as my_data:load"]
        return super().mistakes(config) + missing

    def _object(self) -> Any:
        function = import_object("dataset.function", str(self.function))
        if not callable(function):
            raise UserError(f"dataset.function={self.function}: a {type(function).__name__}, not a function; name one")
        return function

    def _code(self, function: Any) -> str:
        """A hash of the file that the function is in."""
        try:
            return hashlib.sha256(Path(inspect.getfile(inspect.unwrap(function))).read_bytes()).hexdigest()
        except (TypeError, OSError):  # of a built-in
            return str(self.function)
