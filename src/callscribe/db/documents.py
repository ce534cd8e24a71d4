"""Columns of JSON that are read and written as models."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic.alias_generators import to_camel


class Document(BaseModel):
    """What a column of JSON holds, with names in camelCase there.

    What was checked when it was written is not checked again: fields say what is read, no more. Members that this
    version does not know are kept, since the next one may have written them.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow", frozen=True)

    def document(self) -> dict[str, Any]:
        """As it is stored: the members that it was made with, be they null, and no others."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


class JsonOf(sa.TypeDecorator[Any]):
    """A column of JSON that is read as `kind`, such as a `Document` or a list of them. None is NULL.

    In SQL it is JSON, with all its operators.
    """

    impl = sa.JSON
    cache_ok = True

    def __init__(self, kind: Any) -> None:
        super().__init__(none_as_null=True)
        self.kind = kind
        self._adapter: TypeAdapter[Any] = TypeAdapter(kind)

    def process_bind_param(self, value: Any, _dialect: sa.Dialect) -> Any:
        """To plain values."""
        if value is None:
            return None
        return self._adapter.dump_python(value, mode="json", by_alias=True, exclude_unset=True, warnings="error")

    def column_expression(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """As text, which is parsed and read in one go: a driver would make plain values of it first."""
        return sa.type_coerce(sa.cast(column, sa.Text), self)

    def result_processor(self, _dialect: sa.Dialect, _coltype: object) -> Callable[[Any], Any]:
        """Back from text."""
        read = self._adapter.validate_json
        return lambda value: None if value is None else read(value)

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        """What stands beside the column in SQL, such as an index, is taken as beside JSON."""
        return self.impl_instance.coerce_compared_value(op, value)
