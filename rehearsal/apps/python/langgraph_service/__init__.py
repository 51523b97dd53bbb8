"""The Python LangGraph service of the rehearsal: level 2 of docs/app-contract.md."""

ENGINE = "python"
