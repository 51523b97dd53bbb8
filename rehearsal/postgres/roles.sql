-- The roles a Supabase project has, as far as they matter to migrations (https://supabase.com/docs/guides/database/postgres/roles).
-- The cluster's superuser is supabase_admin, as there. Run once a cluster; :passwords are put in by the caller.
CREATE ROLE anon NOLOGIN NOINHERIT;
CREATE ROLE authenticated NOLOGIN NOINHERIT;
CREATE ROLE service_role NOLOGIN NOINHERIT BYPASSRLS;
-- Owner of the project's tables, no superuser; what migrations connect as.
CREATE ROLE postgres LOGIN CREATEDB CREATEROLE REPLICATION BYPASSRLS;
GRANT anon, authenticated, service_role TO postgres;
-- Supabase lets its postgres see everybody's sessions, so that a migration can name who is in the way.
GRANT pg_monitor TO postgres;
-- Stands for PostgREST with the anon key: no API is emulated, so the applications log in as a member of anon.
CREATE ROLE rehearsal_app LOGIN INHERIT IN ROLE anon;
-- Supabase's limits: anon 3 s, and 2 minutes for everyone else.
ALTER ROLE rehearsal_app SET statement_timeout = '3s';
ALTER ROLE postgres SET statement_timeout = '2min';
