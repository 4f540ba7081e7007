-- The account by which Grafana reads: schema wall and nothing else. Run it after the platform has started once on the
-- database, as the platform's own account; if that may not make roles, as a superuser, and again after each upgrade.
-- Then set a password: ALTER ROLE grafana_wall PASSWORD '...';
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'grafana_wall') THEN
    CREATE ROLE grafana_wall LOGIN;
  END IF;
END
$$;
ALTER ROLE grafana_wall SET default_transaction_read_only = on;
ALTER ROLE grafana_wall SET statement_timeout = '15s';
GRANT USAGE ON SCHEMA wall TO grafana_wall;
GRANT SELECT ON ALL TABLES IN SCHEMA wall TO grafana_wall;
ALTER DEFAULT PRIVILEGES IN SCHEMA wall GRANT SELECT ON TABLES TO grafana_wall;
