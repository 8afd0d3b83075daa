"""Settings for running Django's own suite on PostgreSQL.

ECO_DB_URL   postgresql://user[:password]@host:port/dbname
ECO_DJ_MODE  client (client-side binding, Django's own default)
             server (OPTIONS server_side_binding=True)
             pool   (OPTIONS pool=True; needs psycopg_pool)
"""

import os
from urllib.parse import unquote, urlsplit

_u = urlsplit(os.environ["ECO_DB_URL"])
_mode = os.environ.get("ECO_DJ_MODE", "client")
_name = (_u.path or "/").lstrip("/") or "eco_dj"
_options = {
    "client": {},
    "server": {"server_side_binding": True},
    "pool": {"pool": {"min_size": 0, "max_size": 4, "timeout": 20}},
}[_mode]


def _db(suffix):
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _name + suffix,
        "USER": unquote(_u.username or ""),
        "PASSWORD": unquote(_u.password or ""),
        "HOST": _u.hostname or "",
        "PORT": str(_u.port or ""),
        "OPTIONS": dict(_options),
        "TEST": {"NAME": f"test_{_name}_{_mode}{suffix}", "TEMPLATE": os.environ.get("ECO_DJ_TEMPLATE", "template1")},
    }


DATABASES = {"default": _db(""), "other": _db("_other")}
SECRET_KEY = "django_tests_secret_key"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = False
TEST_RUNNER = "eco_dj_runner.EcoRunner"
