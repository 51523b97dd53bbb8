--! Previous: -
--! Hash: sha1:7ac2ea30856d33d175dc654371ff615f9ed227bc

ALTER TABLE message_queue
  ADD COLUMN IF NOT EXISTS langgraph_thread_id VARCHAR(255),
  ADD COLUMN IF NOT EXISTS langgraph_run_id VARCHAR(255),
  ADD COLUMN IF NOT EXISTS workflow_state JSONB;
