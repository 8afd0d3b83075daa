"""LISTEN and NOTIFY: the server tells that something has happened, so that nobody has to ask again and again.

python examples/notify.py [CONNECTION STRING]
"""

import json
import sys
import threading

import howdah as psycopg
from howdah.server import start

# Your own database, or a throw-away one that lives as long as this script.
dsn = sys.argv[1] if sys.argv[1:] else start().dsn


def work():
    """What another program does: three jobs, one of which is rolled back."""
    with psycopg.connect(dsn) as conn:
        for job in ("wash", "feed", "ride"):
            # pg_notify() takes parameters, which NOTIFY doesn't.
            conn.execute("SELECT pg_notify('lesson_jobs', %s)", (json.dumps({"job": job}),))
            if job == "feed":
                conn.rollback()
            else:
                conn.commit()


# With autocommit: notifications arrive between transactions, not within one.
with psycopg.connect(dsn, autocommit=True) as conn:
    conn.execute("LISTEN lesson_jobs")
    worker = threading.Thread(target=work)
    worker.start()

    # A generator that waits without asking. It ends after `timeout` seconds, or with `stop_after` notifications, or
    # never if neither is given.
    for notify in conn.notifies(timeout=20, stop_after=2):
        print(notify.channel, json.loads(notify.payload))
    worker.join()

    # What was rolled back was never sent.
    print("more:", list(conn.notifies(timeout=0.1)))
