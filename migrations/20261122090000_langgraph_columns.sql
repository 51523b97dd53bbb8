-- The plan's "Database Schema Changes", columns. Nullable and without default: a catalog change, no row is touched.
-- langgraph_thread_id also tells the engines apart: Python sets it in the INSERT that accepts a message, Node never does.
-- What the plan's queries name must be there; said before anything runs (docs/app-contract.md, "The table").
-- requires: public.message_queue(contact_id, status, processed_by_agent, appointment_booked, created_at, updated_at)
ALTER TABLE public.message_queue
  ADD COLUMN IF NOT EXISTS langgraph_thread_id VARCHAR(255),
  ADD COLUMN IF NOT EXISTS langgraph_run_id VARCHAR(255),
  ADD COLUMN IF NOT EXISTS workflow_state JSONB;
