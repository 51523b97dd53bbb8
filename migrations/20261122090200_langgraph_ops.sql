-- Our own schema, which the Data API does not serve, and the role that may read it. The runner has made schema and
-- history if this is its first migration. A login for previews and monitoring is made by hand, with its own password:
--   CREATE ROLE cutover_preview LOGIN PASSWORD '…' IN ROLE langgraph_ops_reader;
-- requires: role anon
-- requires: role authenticated
-- ensures: role langgraph_ops_reader
CREATE SCHEMA IF NOT EXISTS langgraph_ops;
REVOKE ALL ON SCHEMA langgraph_ops FROM PUBLIC, anon, authenticated;

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'langgraph_ops_reader') THEN
    CREATE ROLE langgraph_ops_reader NOLOGIN;
  END IF;
END
$$;

GRANT USAGE ON SCHEMA langgraph_ops TO langgraph_ops_reader;
GRANT SELECT ON langgraph_ops.schema_migrations TO langgraph_ops_reader;
