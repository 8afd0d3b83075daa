"""A Django model, in one file instead of a project.

python examples/django_model.py [CONNECTION STRING]

It needs Django: pip install django
"""

import sys

import django
from django.conf import settings

import howdah
from howdah.conninfo import conninfo_to_dict
from howdah.server import start

# Django imports psycopg when it is set up. In a project this line stands at the beginning of settings.py.
howdah.install_as_psycopg()

# Your own database, or a throw-away one that lives as long as this script.
dsn = sys.argv[1] if sys.argv[1:] else start().dsn

database = {"ENGINE": "django.db.backends.postgresql", "NAME": "postgres", "OPTIONS": {}}
names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
for name, value in conninfo_to_dict(dsn).items():
    if name in names:
        database[names[name]] = value
    else:
        database["OPTIONS"][name] = value

# This file stands for an application, so that models can be defined in it.
settings.configure(DATABASES={"default": database}, INSTALLED_APPS=[__name__], USE_TZ=True)
django.setup()

from django.db import connection, models, transaction  # noqa: E402


class Elephant(models.Model):
    name = models.CharField(max_length=50, unique=True)
    weight = models.DecimalField(max_digits=6, decimal_places=1, help_text="kg")
    likes = models.JSONField(default=list)

    class Meta:
        app_label = __name__
        db_table = "lesson_elephants"


# In a project: manage.py migrate
with connection.schema_editor() as editor:
    editor.create_model(Elephant)

Elephant.objects.create(name="Hathi", weight="4150.5", likes=["grass", "salt"])
Elephant.objects.create(name="Tuffi", weight="2500.0", likes=["rides by tram"])

print(Elephant.objects.filter(likes__contains=["salt"]).values_list("name", flat=True)[0], "likes salt")
print("on average", Elephant.objects.aggregate(models.Avg("weight"))["weight__avg"], "kg")

# All of it or nothing.
try:
    with transaction.atomic():
        Elephant.objects.filter(name="Hathi").update(weight=1)
        Elephant.objects.create(name="Tuffi", weight=1)
except django.db.IntegrityError as error:
    print("Refused:", str(error).splitlines()[0])
print("Hathi still has", Elephant.objects.get(name="Hathi").weight, "kg")

with connection.schema_editor() as editor:
    editor.delete_model(Elephant)
