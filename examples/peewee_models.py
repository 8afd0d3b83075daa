"""Models with Peewee.

python examples/peewee_models.py [CONNECTION STRING]

It needs Peewee: pip install peewee
"""

import sys

import howdah
from howdah.conninfo import conninfo_to_dict
from howdah.server import start

# Peewee looks for psycopg when it is imported. From here on that is howdah.
howdah.install_as_psycopg()

import peewee  # noqa: E402

# Your own database, or a throw-away one that lives as long as this script.
dsn = sys.argv[1] if sys.argv[1:] else start().dsn

# What the connection string says, as arguments.
arguments = conninfo_to_dict(dsn)
db = peewee.PostgresqlDatabase(arguments.pop("dbname"), prefer_psycopg3=True, **arguments)


class Model(peewee.Model):
    class Meta:
        database = db


class Pet(Model):
    name = peewee.TextField()
    born = peewee.DateField()

    class Meta:
        table_name = "lesson_pets"


with db:
    db.create_tables([Pet])
    Pet.insert_many([("Hathi", "1894-05-01"), ("Kala Nag", "1847-01-01"), ("Jumbo", "1860-12-25")]).execute()

    for pet in Pet.select().where(Pet.born > "1850-01-01").order_by(Pet.born):
        print(pet.name, pet.born.year)

    # A transaction: an exception would undo it.
    with db.atomic():
        Pet.update(name="Jumbo the Great").where(Pet.name == "Jumbo").execute()
    print([pet.name for pet in Pet.select().where(Pet.name.startswith("Jumbo"))])
    db.drop_tables([Pet])
