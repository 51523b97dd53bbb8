-- What the reader sees of message_queue: all rows, and of each row what the views count; never what was written.
-- Without the policy, row level security would show it no rows, and every number would look like a quiet day.
-- requires: role langgraph_ops_reader
-- requires: public.message_queue(contact_id, status, processed_by_agent, appointment_booked, created_at, updated_at)
DROP POLICY IF EXISTS langgraph_ops_reader ON public.message_queue;
CREATE POLICY langgraph_ops_reader ON public.message_queue FOR SELECT TO langgraph_ops_reader USING (true);

GRANT USAGE ON SCHEMA public TO langgraph_ops_reader;
GRANT SELECT (
  contact_id, status, processed_by_agent, appointment_booked, created_at, updated_at,
  langgraph_thread_id, langgraph_run_id
) ON public.message_queue TO langgraph_ops_reader;

-- Columns the plan does not name: read where a table has them, done without where it has not.
DO $$
DECLARE
  present name[] := ARRAY(
    SELECT attname FROM pg_catalog.pg_attribute
    WHERE attrelid = 'public.message_queue'::regclass AND attnum > 0 AND NOT attisdropped
  );
BEGIN
  IF 'id' = ANY (present) THEN GRANT SELECT (id) ON public.message_queue TO langgraph_ops_reader; END IF;
  IF 'metadata' = ANY (present) THEN GRANT SELECT (metadata) ON public.message_queue TO langgraph_ops_reader; END IF;
  IF 'retry_count' = ANY (present) THEN GRANT SELECT (retry_count) ON public.message_queue TO langgraph_ops_reader; END IF;
  IF 'lead_qualified' = ANY (present) THEN
    GRANT SELECT (lead_qualified) ON public.message_queue TO langgraph_ops_reader;
  END IF;
END
$$;
