import { expect, it } from "vitest";
import { isSecretName } from "./secret-names";

it.each([
  "ENCRYPTION_KEY",
  "SIGNING_KEY",
  "STRIPE_KEY",
  "SUPABASE_SERVICE_ROLE_KEY",
  "OPENAI_API_KEY",
  "OPENAI_APIKEY",
  "AWS_SECRET_ACCESS_KEY",
  "PRIVATE_KEY_PEM",
  "WEBHOOK_SECRET",
  "GHL_API_TOKEN",
  "DB_PASSWORD",
  "DB_PASSWD",
  "SENTRY_DSN",
  "DATABASE_URL",
  "GOOGLE_CREDENTIALS",
  "ghlToken",
  "probeKey",
  "signingKey",
  "signing-key",
])("%s holds a secret", (name) => {
  expect(isSecretName(name)).toBe(true);
});

it.each([
  "SIGNING_KEY_ARN",
  "STRIPE_KEY_NAME",
  "AWS_ACCESS_KEY_ID",
  "ENCRYPTION_KEY_PATH",
  "API_KEY_VERSION",
  "API_KEY_PARAMETER",
  "probeKeySecretArn",
  "secretName",
  "secretGeneration",
  "PUBLIC_KEY",
  "publicKey",
  "KEYBOARD",
  "MONKEY",
  "monkey",
  "key",
  "STACK",
  "SUPABASE_URL",
])("%s holds none", (name) => {
  expect(isSecretName(name)).toBe(false);
});
