"""Entry point of the rehearsal's Python service: `python rehearsal/apps/python/main.py` (contract: docs/app-contract.md)."""

import asyncio
import sys

from langgraph_service.service import serve
from langgraph_service.settings import Settings, SettingsError


def main() -> int:
    try:
        settings = Settings.from_env()
    except SettingsError as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    return asyncio.run(serve(settings))


if __name__ == "__main__":
    sys.exit(main())
