--! Previous: sha1:7ac2ea30856d33d175dc654371ff615f9ed227bc
--! Hash: sha1:950800af7d41017cb22610d090fb7c40b56c8447

--! no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_langgraph_thread ON message_queue (langgraph_thread_id) WHERE langgraph_thread_id IS NOT NULL;
