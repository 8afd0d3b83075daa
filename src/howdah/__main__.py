"""``python -m howdah``."""

from ._cli import main

raise SystemExit(main())
