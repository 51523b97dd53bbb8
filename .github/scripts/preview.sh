#!/usr/bin/env bash
# Previews stack $STACK and writes $OUT/comment.md: what the change means, and the policies it breaks.
# Exit code: 0 nothing speaks against merging, except that the gate may still want time or evidence (the comment says so); 1 the
# preview failed, a policy stops the update, the change is dangerous and DANGER_ACCEPTED is not "true", or it could not be
# explained (the comment is written all the same). What may hold secrets (preview.json, events.jsonl) stays in $OUT, which nobody uploads.
# With CUTOVER_READ_ONLY=1 a missing token or role that only reads is an error; without it the one that writes is taken instead.
# COMMIT, where it is set, is the hash of the commit that is previewed: the comment says it.
# Runs on any machine: STACK=prod OUT=$(mktemp -d) .github/scripts/preview.sh
set -uo pipefail
: "${STACK:?name of the Pulumi stack}" "${OUT:?folder for the results}"
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
pulumi=${PULUMI:-node_modules/.bin/pulumi}
pack=${POLICY_PACK:-policy}
# What Node compiles is kept: Pulumi's runner of packs loads the TypeScript compiler although the pack needs none.
export NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE:-$PWD/node_modules/.cache/cutover/compiled}
umask 077
mkdir -p "$OUT"
# GitHub takes 65,536 characters; the policies get at most 4,000 of them.
longest=61000
endless=100000000

# The whole text, where a part of it was left out.
in_the_log() {
  if cmp -s "$1" "$2"; then return; fi
  echo "Nothing is left out here:" >&2
  cat "$2" >&2
}

code=0
# PULUMI_DEBUG_COMMANDS makes --event-log known: the violations are in there, `preview --json` leaves them out.
PULUMI_DEBUG_COMMANDS=true "$pulumi" preview --stack "$STACK" --json --non-interactive --color never \
  --policy-pack "$pack" --event-log "$OUT/events.jsonl" >"$OUT/preview.json" 2>"$OUT/preview.log" || code=$?
cat "$OUT/preview.log" >&2
# With --json the engine's and the program's sentences are in preview.json only, beside values nobody may see.
node cli/cutover.mjs explain "$OUT/preview.json" --log >&2 || true

# 0: the next step is open, 1: it is not; anything else: nobody could look, and the comment says so.
evidence=(--evidence-unavailable)
node cli/cutover.mjs next --stack "$STACK" --json >"$OUT/next.json" 2>"$OUT/next.log"
if (($? <= 1)); then evidence=(--evidence "$OUT/next.json"); fi
cat "$OUT/next.log" >&2

about=()
if [[ -n ${COMMIT:-} ]]; then about=(--commit "$COMMIT"); fi
explain() { node cli/cutover.mjs explain "$OUT/preview.json" "${about[@]}" "${evidence[@]}" "$@"; }
dangers=0
explain --max-length "$endless" >"$OUT/whole.md" || dangers=$?
# 1: explained, and dangerous. 2: the evidence is no such file, or the preview broke off before it had anything to say.
if ((dangers > 1)); then
  dangers=0
  evidence=(--evidence-unavailable)
  explain --max-length "$endless" >"$OUT/whole.md" || dangers=$?
  if ((dangers > 1)); then
    commit=""
    if [[ ${COMMIT:-} =~ ^[0-9a-f]{7,64}$ ]]; then commit=" of commit ${COMMIT:0:12}"; fi
    printf '<!-- cutover:%s -->\n## %s: the preview failed\n\nThe preview%s ended before it could be explained: see the log of the job.\n' \
      "$STACK" "$STACK" "$commit" >"$OUT/comment.md"
  fi
fi
# What the comment has no room for stands in the job's log; secrets are hidden there as here. Bytes: never fewer than characters.
if ((dangers <= 1)); then
  cp "$OUT/whole.md" "$OUT/comment.md"
  if (($(wc -c <"$OUT/whole.md") > longest)); then explain --max-length "$longest" >"$OUT/comment.md" || true; fi
  in_the_log "$OUT/comment.md" "$OUT/whole.md"
fi

policies=0
touch "$OUT/events.jsonl"
report() { node tools/run.mjs policy/report.ts "$OUT/events.jsonl" "$OUT/preview.json" "$@"; }
report >"$OUT/policies.md" || policies=$?
report --whole >"$OUT/all-policies.md"
in_the_log "$OUT/policies.md" "$OUT/all-policies.md"
{
  echo
  cat "$OUT/policies.md"
} >>"$OUT/comment.md"

if ((code != 0)); then echo "the preview ended with exit code $code" >&2; fi
if ((policies != 0)); then echo "a policy stops the update, or the policy pack did not run" >&2; fi
if ((dangers == 1)) && [[ ${DANGER_ACCEPTED:-} == true ]]; then
  echo "dangerous, and accepted by the label danger-accepted" >&2
  dangers=0
fi
if ((dangers == 1)); then echo "dangerous: read the comment; who accepts it sets the label danger-accepted (takes it off first where it is set already)" >&2; fi
if ((dangers > 1)); then echo "the preview could not be explained" >&2; fi
((code == 0 && policies == 0 && dangers == 0))
