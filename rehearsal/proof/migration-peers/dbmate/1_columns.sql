-- migrate:up
ALTER TABLE message_queue
  ADD COLUMN IF NOT EXISTS langgraph_thread_id VARCHAR(255),
  ADD COLUMN IF NOT EXISTS langgraph_run_id VARCHAR(255),
  ADD COLUMN IF NOT EXISTS workflow_state JSONB;

-- migrate:down
