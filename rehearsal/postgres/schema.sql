-- What the live project has before the cutover. Owned by the role postgres; names and types are a contract with both
-- applications. Unqualified now() is on purpose: see clock.sql.
CREATE TABLE public.message_queue (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  location_id varchar(64) NOT NULL,
  contact_id varchar(64) NOT NULL,
  ghl_message_id varchar(64) UNIQUE,
  message_body text NOT NULL,
  message_type varchar(20) NOT NULL DEFAULT 'SMS',
  status varchar(20) NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'processing', 'completed', 'failed')),
  processed_by_agent varchar(50),
  appointment_booked boolean NOT NULL DEFAULT false,
  lead_qualified boolean,
  response_text text,
  error_message text,
  retry_count int NOT NULL DEFAULT 0,
  metadata jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_message_queue_status ON public.message_queue (status, created_at);
CREATE INDEX idx_message_queue_contact ON public.message_queue (contact_id, created_at);

ALTER TABLE public.message_queue ENABLE ROW LEVEL SECURITY;
CREATE POLICY message_queue_service ON public.message_queue FOR ALL TO anon, service_role USING (true) WITH CHECK (true);
GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role;
GRANT SELECT, INSERT, UPDATE ON public.message_queue TO anon, service_role;

-- As projects from before the end of May 2026 have it: whatever the owner makes in public is open to the Data API's roles
-- unless it is revoked. For our own schema Supabase says nothing.
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO postgres, anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON FUNCTIONS TO postgres, anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON SEQUENCES TO postgres, anon, authenticated, service_role;
