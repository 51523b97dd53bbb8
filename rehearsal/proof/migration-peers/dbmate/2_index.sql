-- migrate:up transaction:false
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_langgraph_thread ON message_queue (langgraph_thread_id) WHERE langgraph_thread_id IS NOT NULL;

-- migrate:down
