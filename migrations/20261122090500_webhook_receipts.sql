-- De-duplication that both engines share: whoever claims a key first handles the message, also when GHL sends it to both
-- while a new URL spreads. Applications reach it with the anon key through two functions (as /rest/v1/rpc/claim_receipt),
-- the table itself not at all. key: GHL's message id, else a hash of contact, text and minute.
-- requires: role anon
-- requires: role authenticated
-- requires: role service_role
CREATE TABLE IF NOT EXISTS public.webhook_receipts (
  key text PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 200),
  engine text NOT NULL CHECK (engine IN ('node', 'python')),
  received_at timestamptz NOT NULL DEFAULT now(),
  done_at timestamptz
);
ALTER TABLE public.webhook_receipts ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON TABLE public.webhook_receipts FROM PUBLIC, anon, authenticated;

-- True for the first caller of a key. A claim that was never finished can be taken over after ten minutes.
CREATE OR REPLACE FUNCTION public.claim_receipt(receipt_key text, receipt_engine text) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = ''
AS $$
  WITH claimed AS (
    INSERT INTO public.webhook_receipts AS held (key, engine) VALUES (receipt_key, receipt_engine)
    ON CONFLICT (key) DO UPDATE SET engine = excluded.engine, received_at = excluded.received_at
      WHERE held.done_at IS NULL AND held.received_at < excluded.received_at - INTERVAL '10 minutes'
    RETURNING 1
  )
  SELECT EXISTS (SELECT FROM claimed)
$$;

-- True if the claim was the caller's and is now finished.
CREATE OR REPLACE FUNCTION public.finish_receipt(receipt_key text, receipt_engine text) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = ''
AS $$
  WITH finished AS (
    UPDATE public.webhook_receipts SET done_at = GREATEST(received_at, now())
    WHERE key = receipt_key AND engine = receipt_engine AND done_at IS NULL
    RETURNING 1
  )
  SELECT EXISTS (SELECT FROM finished)
$$;

REVOKE ALL ON FUNCTION public.claim_receipt(text, text), public.finish_receipt(text, text) FROM PUBLIC, authenticated;
GRANT EXECUTE ON FUNCTION public.claim_receipt(text, text), public.finish_receipt(text, text) TO anon, service_role;
