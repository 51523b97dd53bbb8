#!/usr/bin/env bash
# Runs the policy pack by Pulumi's official release, as `runtime: nodejs`, in a preview of a stack that breaks it
# (tests/engine/fixtures/policy), and wants its violations. Reaches no account: the keys open nothing, and a preview that only makes
# things asks AWS nothing. Downloads the AWS provider where it is not there.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
pulumi=${PULUMI:-$root/node_modules/.bin/pulumi}
pack=${POLICY_PACK:-$root/policy}
out=$(mktemp -d)
project=$root/tests/engine/fixtures/policy
trap 'rm -rf "$out" "$project/Pulumi.test.yaml"' EXIT
mkdir "$out/state"
# Nothing of the caller's: no other stack, backend or account can be meant.
unset PULUMI_STACK PULUMI_OPTION_CONFIG_FILE PULUMI_ACCESS_TOKEN AWS_PROFILE AWS_SESSION_TOKEN
export PULUMI_BACKEND_URL="file://$out/state" PULUMI_CONFIG_PASSPHRASE=opens-nothing PULUMI_SKIP_UPDATE_CHECK=true
export AWS_ACCESS_KEY_ID=opens-nothing AWS_SECRET_ACCESS_KEY=opens-nothing AWS_EC2_METADATA_DISABLED=true
# Makes --event-log known.
export PULUMI_DEBUG_COMMANDS=true

cd "$project"
# What the stack records of itself is below this name.
"$pulumi" stack init test --non-interactive
code=0
"$pulumi" preview --stack test --policy-pack "$pack" --event-log "$out/events.jsonl" --non-interactive --color never \
  --config aws:region=us-east-1 --config aws:skipCredentialsValidation=true --config aws:skipRequestingAccountId=true || code=$?
cd "$root"
node tools/run.mjs policy/report.ts "$out/events.jsonl" >"$out/report.md" || true
cat "$out/report.md"
# One of each kind: of a resource, of a resource's text, of the whole stack.
for policy in alarm-topic-key least-privilege no-plain-secrets triggers-armed; do
  if ! grep -q "\"policyName\":\"$policy\"" "$out/events.jsonl"; then
    echo "the pack did not tell of $policy: it did not run, or did not see everything" >&2
    exit 1
  fi
done
if grep -q "Not everything was judged" "$out/report.md"; then
  echo "the policies did not see the whole stack" >&2
  exit 1
fi
if ((code == 0)); then
  echo "the preview passed although mandatory policies are broken" >&2
  exit 1
fi
echo "the policy pack runs by $("$pulumi" version), and stops a stack that breaks it"
