-- Two weeks of what Node answered before the cutover: $1 rows in the 14 days before $2, with a daily curve (busy around
-- 15:00 UTC, quiet at 03:00), quieter weekends and a fixed set of outcomes. Deterministic: each number is a hash of the row's number.
WITH rolls AS (
  SELECT
    i,
    (hashint8extended(i, 11) & 1048575) / 1048576.0::float8 AS day_roll,
    (hashint8extended(i, 12) & 1048575) / 1048576.0::float8 AS hour_roll,
    (hashint8extended(i, 13) & 1048575) / 1048576.0::float8 AS outcome,
    (hashint8extended(i, 14) & 1048575) / 1048576.0::float8 AS speed,
    (hashint8extended(i, 15) & 1048575) / 1048576.0::float8 AS route,
    hashint8extended(i, 16) & 1023 AS contact
  FROM generate_series(1, $1::bigint) AS i
), hours AS (
  -- x + 0.1 sin(2 pi x) bends even rolls into a curve with one peak (x = 0.5) without rejecting any.
  SELECT rolls.*,
    (date_trunc('day', $2::timestamptz, 'UTC') - floor(day_roll * 14) * interval '1 day')
      + mod((hour_roll + 0.1 * sin(2 * pi() * hour_roll) + 1.125)::numeric, 1)::float8 * interval '1 day' AS placed
  FROM rolls
), past AS (
  SELECT hours.*, CASE WHEN placed >= $2::timestamptz THEN placed - interval '14 days' ELSE placed END AS at FROM hours
), week AS (
  SELECT past.*,
    CASE WHEN extract(isodow FROM at AT TIME ZONE 'UTC') > 5 AND speed > 0.6 THEN at - interval '2 days' ELSE at END AS moved
  FROM past
), timed AS (
  SELECT week.*,
    CASE WHEN moved < $2::timestamptz - interval '14 days' THEN moved + interval '7 days' ELSE moved END AS created
  FROM week
)
INSERT INTO public.message_queue (
  id, location_id, contact_id, ghl_message_id, message_body, status, processed_by_agent, appointment_booked,
  lead_qualified, response_text, error_message, created_at, updated_at
)
SELECT
  md5('seed-id-' || i)::uuid,
  'loc_rehearsal',
  'seed_contact_' || contact,
  'seed_msg_' || i,
  (ARRAY['Is the flat still available?', 'Can I come on Thursday?', 'How much is it?', 'Thanks!'])[1 + (i % 4)],
  CASE WHEN outcome < 0.011 THEN 'failed' ELSE 'completed' END,
  CASE WHEN route < 0.55 THEN 'qualifier' WHEN route < 0.85 THEN 'booking' ELSE 'faq' END,
  route >= 0.55 AND route < 0.85 AND outcome >= 0.70,
  route < 0.55 AND outcome >= 0.45,
  CASE WHEN outcome < 0.011 THEN NULL ELSE 'Sure, one moment.' END,
  CASE WHEN outcome < 0.011 THEN 'upstream timeout' END,
  created,
  created + (0.35 + 0.55 * speed + 1.4 * power(speed, 8)) * interval '1 second'
FROM timed
