-- The plan's four monitoring queries and two of our own, as views that show a reader no more than its own rights do.
-- CREATE OR REPLACE VIEW resets security_invoker unless it is repeated. All of them read the view messages below.
-- now() is written without a schema, so that a database whose clock is rehearsed is read by that clock.
-- requires: role langgraph_ops_reader
-- requires: public.message_queue(contact_id, status, processed_by_agent, appointment_booked, created_at, updated_at)

-- The messages that count: no probe (metadata.synthetic = true) is among them. A table need not have the columns that
-- "absent" names: an unqualified name means the table's own column, and where there is none, the one of "absent" around it.
CREATE OR REPLACE VIEW langgraph_ops.messages WITH (security_invoker = true) AS
SELECT
  m.*,
  CASE WHEN m.langgraph_thread_id IS NULL THEN 'node' ELSE 'python' END AS engine
FROM (
  SELECT NULL::text AS id, NULL::boolean AS lead_qualified, NULL::int AS retry_count, NULL::jsonb AS metadata
) AS absent
CROSS JOIN LATERAL (
  SELECT
    id::text AS id,
    contact_id,
    status::text AS status,
    processed_by_agent,
    appointment_booked,
    to_jsonb(lead_qualified) = 'true' AS lead_qualified,
    retry_count::int AS retry_count,
    langgraph_thread_id,
    created_at,
    updated_at
  FROM public.message_queue
  WHERE to_jsonb(metadata) ->> 'synthetic' IS DISTINCT FROM 'true'
) AS m;

-- Message processing success rate.
CREATE OR REPLACE VIEW langgraph_ops.message_success_rate WITH (security_invoker = true) AS
SELECT
  COUNT(*) FILTER (WHERE status = 'completed') * 100.0 / COUNT(*) AS success_rate,
  processed_by_agent,
  DATE(created_at) AS date
FROM langgraph_ops.messages
WHERE created_at > NOW() - INTERVAL '7 days'
GROUP BY processed_by_agent, DATE(created_at);

-- Appointment booking rate.
CREATE OR REPLACE VIEW langgraph_ops.appointment_booking_rate WITH (security_invoker = true) AS
SELECT
  COUNT(*) FILTER (WHERE appointment_booked = true) * 100.0 / COUNT(*) AS booking_rate,
  DATE(created_at) AS date
FROM langgraph_ops.messages
WHERE created_at > NOW() - INTERVAL '7 days'
GROUP BY DATE(created_at);

-- Agent performance comparison.
CREATE OR REPLACE VIEW langgraph_ops.agent_performance WITH (security_invoker = true) AS
WITH agent_stats AS (
  SELECT
    processed_by_agent,
    COUNT(*) AS total_messages,
    AVG(EXTRACT(EPOCH FROM (updated_at - created_at))) AS avg_response_time,
    COUNT(*) FILTER (WHERE status = 'completed') * 100.0 / COUNT(*) AS success_rate
  FROM langgraph_ops.messages
  WHERE created_at > NOW() - INTERVAL '24 hours'
  GROUP BY processed_by_agent
)
SELECT * FROM agent_stats ORDER BY total_messages DESC;

-- Conversation flow analysis.
CREATE OR REPLACE VIEW langgraph_ops.conversation_flow WITH (security_invoker = true) AS
SELECT
  current_agent,
  next_agent,
  COUNT(*) AS transition_count
FROM (
  SELECT
    LAG(processed_by_agent) OVER (PARTITION BY contact_id ORDER BY created_at) AS current_agent,
    processed_by_agent AS next_agent
  FROM langgraph_ops.messages
  WHERE created_at > NOW() - INTERVAL '24 hours'
) transitions
WHERE current_agent IS NOT NULL
GROUP BY current_agent, next_agent
ORDER BY transition_count DESC;

-- Node against Python over three windows. Rates are percent of finished messages; times are seconds from acceptance to
-- the last change of a completed message. qualification_rate is NULL where nobody says who qualified.
CREATE OR REPLACE VIEW langgraph_ops.engine_comparison WITH (security_invoker = true) AS
SELECT
  period.name AS period,
  m.engine,
  COUNT(*) AS messages,
  COUNT(*) FILTER (WHERE m.status = 'completed') AS completed,
  COUNT(*) FILTER (WHERE m.status = 'failed') AS failed,
  COUNT(*) FILTER (WHERE m.status IN ('pending', 'processing')) AS unfinished,
  COUNT(*) FILTER (WHERE m.status = 'completed') * 100.0
    / NULLIF(COUNT(*) FILTER (WHERE m.status IN ('completed', 'failed')), 0) AS success_rate,
  COUNT(*) FILTER (WHERE m.appointment_booked) AS booked,
  COUNT(*) FILTER (WHERE m.appointment_booked) * 100.0
    / NULLIF(COUNT(*) FILTER (WHERE m.status IN ('completed', 'failed')), 0) AS booking_rate,
  COUNT(*) FILTER (WHERE m.lead_qualified) AS qualified,
  CASE WHEN COUNT(m.lead_qualified) > 0 THEN COUNT(*) FILTER (WHERE m.lead_qualified) * 100.0
    / NULLIF(COUNT(*) FILTER (WHERE m.status IN ('completed', 'failed')), 0) END AS qualification_rate,
  AVG(EXTRACT(EPOCH FROM (m.updated_at - m.created_at))) FILTER (WHERE m.status = 'completed') AS avg_response_time,
  PERCENTILE_CONT(0.95) WITHIN GROUP (ORDER BY EXTRACT(EPOCH FROM (m.updated_at - m.created_at)))
    FILTER (WHERE m.status = 'completed') AS p95_response_time
FROM (VALUES ('1 hour', INTERVAL '1 hour'), ('24 hours', INTERVAL '24 hours'), ('7 days', INTERVAL '7 days'))
  AS period (name, length)
JOIN langgraph_ops.messages m ON m.created_at > NOW() - period.length
GROUP BY period.name, period.length, m.engine
ORDER BY period.length, m.engine;

-- Accepted and not yet completed or failed: what a rollback or a crash must not lose.
CREATE OR REPLACE VIEW langgraph_ops.unfinished_messages WITH (security_invoker = true) AS
SELECT
  id,
  contact_id,
  engine,
  status,
  created_at,
  EXTRACT(EPOCH FROM (NOW() - created_at))::float8 AS age_seconds,
  retry_count
FROM langgraph_ops.messages
WHERE status IN ('pending', 'processing');

REVOKE ALL ON
  langgraph_ops.messages,
  langgraph_ops.message_success_rate,
  langgraph_ops.appointment_booking_rate,
  langgraph_ops.agent_performance,
  langgraph_ops.conversation_flow,
  langgraph_ops.engine_comparison,
  langgraph_ops.unfinished_messages
FROM PUBLIC, anon, authenticated;
GRANT SELECT ON
  langgraph_ops.messages,
  langgraph_ops.message_success_rate,
  langgraph_ops.appointment_booking_rate,
  langgraph_ops.agent_performance,
  langgraph_ops.conversation_flow,
  langgraph_ops.engine_comparison,
  langgraph_ops.unfinished_messages
TO langgraph_ops_reader;
