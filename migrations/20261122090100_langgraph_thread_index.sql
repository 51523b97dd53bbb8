-- The plan's "Index for performance", built while writers go on.
-- mode: no-tx
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_langgraph_thread
  ON public.message_queue (langgraph_thread_id)
  WHERE langgraph_thread_id IS NOT NULL;
