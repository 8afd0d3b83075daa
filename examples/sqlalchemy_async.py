"""SQLAlchemy's ORM with its asynchronous engine.

python examples/sqlalchemy_async.py [CONNECTION STRING]

It needs SQLAlchemy: pip install "sqlalchemy[asyncio]"
"""

import asyncio
import sys

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload

import howdah
from howdah.server import start

# SQLAlchemy imports psycopg when an engine is made. From here on that is howdah.
howdah.install_as_psycopg()

# Your own database, or a throw-away one that lives as long as this script.
dsn = sys.argv[1] if sys.argv[1:] else start().dsn


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "lesson_authors"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    books: Mapped[list["Book"]] = relationship(order_by="Book.title")


class Book(Base):
    __tablename__ = "lesson_books"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int] = mapped_column(sa.ForeignKey("lesson_authors.id"))


async def main():
    # Usually the URL says it all: postgresql+psycopg://ada@localhost/shop
    engine = create_async_engine("postgresql+psycopg://", async_creator=lambda: howdah.AsyncConnection.connect(dsn))
    Session = async_sessionmaker(engine)

    async with engine.begin() as conn:
        await conn.run_sync(Base.metadata.create_all)

    # The block is a transaction, with a connection from the engine's pool.
    async with Session.begin() as session:
        session.add(Author(name="Kipling", books=[Book(title="The Jungle Book"), Book(title="Kim")]))
        session.add(Author(name="Orwell", books=[Book(title="Shooting an Elephant")]))

    async with Session() as session:
        query = sa.select(Author).options(selectinload(Author.books)).order_by(Author.name)
        for author in await session.scalars(query):
            print(author.name, [book.title for book in author.books])
        print("books:", await session.scalar(sa.select(sa.func.count()).select_from(Book)))

    async with engine.begin() as conn:
        await conn.run_sync(Base.metadata.drop_all)
    await engine.dispose()


asyncio.run(main())
