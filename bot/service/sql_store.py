"""Conversations in a database by URL: one row a session, written whole."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import Column, DateTime, MetaData, String, Table, Text, create_engine, delete, select
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from bot.errors import StoreError
from bot.models import Session


class SqlStore:
    """Sessions in a database (`sqlite:///file.db`, `postgresql+…://…`). Raises `StoreError` in one line."""

    def __init__(self, url: str) -> None:
        self._table = Table(
            "sessions",
            MetaData(),
            Column("name", String(200), primary_key=True),
            Column("data", Text, nullable=False),
            Column("updated", DateTime(timezone=True), nullable=False),
        )
        try:
            if url.startswith("sqlite:///") and not url.startswith(("sqlite:///:memory:", "sqlite:///file:")):
                Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
            memory = {"poolclass": StaticPool} if url in {"sqlite://", "sqlite:///:memory:"} else {}
            self._engine = create_engine(url, **memory)
            self._table.metadata.create_all(self._engine)
        except (SQLAlchemyError, ArgumentError, ImportError, OSError) as error:
            raise StoreError(
                f"对话存储 {url} 打不开:{_short(error)}。应是 sqlite:///文件.db 或可连接的数据库 URL。"
            ) from None

    def get(self, name: str) -> Session:
        try:
            with self._engine.connect() as connection:
                row = connection.execute(select(self._table.c.data).where(self._table.c.name == name)).first()
        except SQLAlchemyError as error:
            raise StoreError(f"对话存储读不出来:{_short(error)}") from None
        try:
            return Session.model_validate_json(row[0]) if row else Session()
        except ValidationError:
            raise StoreError(
                f"对话 {name} 的记录读不懂(可能是别的版本写的);发 /forget 可以清掉重来。"
            ) from None

    def put(self, name: str, session: Session) -> None:
        values = {"name": name, "data": session.model_dump_json(), "updated": datetime.now(UTC)}
        try:
            with self._engine.begin() as connection:
                connection.execute(delete(self._table).where(self._table.c.name == name))
                connection.execute(self._table.insert().values(**values))
        except SQLAlchemyError as error:
            raise StoreError(f"对话存储写不进去:{_short(error)}。请检查磁盘空间和权限。") from None

    def forget(self, name: str) -> None:
        try:
            with self._engine.begin() as connection:
                connection.execute(delete(self._table).where(self._table.c.name == name))
        except SQLAlchemyError as error:
            raise StoreError(f"对话存储写不进去:{_short(error)}。请检查磁盘空间和权限。") from None


def _short(error: BaseException) -> str:
    return " ".join(str(getattr(error, "orig", None) or error).split())[:120]
