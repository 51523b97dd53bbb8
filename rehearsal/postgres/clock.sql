-- The rehearsal's clock inside the database. Unqualified now() finds this function because the schema stands before
-- pg_catalog in the database's search_path; production SQL knows nothing of it. $ORIGIN (s) and $FACTOR are put in by the caller.
-- Moments are rehearsal time, durations are real time: a message is accepted at a rehearsal moment, and how long its
-- answer took stays what it really took, as for HTTP. The trigger keeps updated_at - created_at true to that.
CREATE SCHEMA rehearsal_clock;
GRANT USAGE ON SCHEMA rehearsal_clock TO PUBLIC;

CREATE FUNCTION rehearsal_clock.at(real_time timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN to_timestamp($ORIGIN) + (real_time - to_timestamp($ORIGIN)) * $FACTOR;

CREATE FUNCTION rehearsal_clock.real(rehearsal_time timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN to_timestamp($ORIGIN) + (rehearsal_time - to_timestamp($ORIGIN)) / $FACTOR;

CREATE FUNCTION rehearsal_clock.now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
  RETURN rehearsal_clock.at(pg_catalog.now());

CREATE FUNCTION rehearsal_clock.keep_durations_real() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  -- A row from before the rehearsal began (the seed) has no real moment of its own.
  IF OLD.created_at >= to_timestamp($ORIGIN) THEN
    NEW.updated_at := OLD.created_at + (pg_catalog.clock_timestamp() - rehearsal_clock.real(OLD.created_at));
  END IF;
  RETURN NEW;
END
$body$;
