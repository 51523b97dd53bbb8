-- What the reader sees of message_queue: all rows, and of each row what the views count; never what was written.
-- Without the policy, row level security would show it no rows, and every number would look like a quiet day.
-- requires: role langgraph_ops_reader
-- requires: public.message_queue(id, contact_id, status, processed_by_agent, appointment_booked, lead_qualified, retry_count, metadata, created_at, updated_at)
DROP POLICY IF EXISTS langgraph_ops_reader ON public.message_queue;
CREATE POLICY langgraph_ops_reader ON public.message_queue FOR SELECT TO langgraph_ops_reader USING (true);

GRANT USAGE ON SCHEMA public TO langgraph_ops_reader;
GRANT SELECT (
  id, contact_id, status, processed_by_agent, appointment_booked, lead_qualified, retry_count, metadata,
  created_at, updated_at, langgraph_thread_id, langgraph_run_id
) ON public.message_queue TO langgraph_ops_reader;
