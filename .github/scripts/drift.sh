#!/usr/bin/env bash
# Compares stack $STACK with the world and keeps one open issue as long as they differ: made once, edited in place, closed when
# they agree again. Changes nothing in the stack. Needs GH_TOKEN with issues: write, and a label "drift".
# Exit code: 0 looked (with or without drift), 1 could not look.
set -uo pipefail
: "${STACK:?}" "${OUT:?}" "${GITHUB_REPOSITORY:?}" "${RUN_URL:?}"
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
pulumi=${PULUMI:-node_modules/.bin/pulumi}
title="Drift: stack $STACK is not what was declared"
umask 077
mkdir -p "$OUT"

code=0
"$pulumi" refresh --stack "$STACK" --preview-only --expect-no-changes --non-interactive --color never --suppress-outputs \
  >"$OUT/refresh.log" 2>&1 || code=$?
cat "$OUT/refresh.log"
drift=false
if ((code != 0)); then
  # Pulumi 3.250 says "for refresh" in between.
  if ! grep -qE "no changes were expected( for refresh)? but changes" "$OUT/refresh.log"; then
    echo "the refresh ended with exit code $code: nobody knows whether there is drift" >&2
    exit 1
  fi
  drift=true
fi

set -e
export TITLE=$title
number=$(gh issue list --repo "$GITHUB_REPOSITORY" --state open --label drift --json number,title \
  --jq 'map(select(.title == env.TITLE)) | .[0].number // empty')
if [[ $drift == false ]]; then
  if [[ -n $number ]]; then
    gh issue close "$number" --repo "$GITHUB_REPOSITORY" --comment "No drift any more: $RUN_URL"
  fi
  exit 0
fi
{
  echo "What the stack \`$STACK\` declares and what there is differ. Seen by $RUN_URL; nothing was changed."
  echo
  # Names of resources and properties only; values stay in the job. Everything is "refreshing" at first.
  grep -E '^ *[~+-]+ +[a-z]' "$OUT/refresh.log" | grep -vE ' refreshing *$' | head -n 100 | sed 's/^/    /'
  echo
  echo "- A rollback in force shows as a change of \`traffic-kill-switch\`: docs/runbook.md, \"After a rollback\"."
  echo "- A change of \`webhook-url\` or \`webhook-secret\` is somebody's in GoHighLevel: \`pulumi up\` does not put it back, it says what it found"
  echo "  and refuses. Correct it in GoHighLevel, or let it be overwritten by name: docs/runbook.md, \"Somebody changed the value in GoHighLevel\"."
  echo "- Anything else: \`pulumi up\` puts back what was declared; \`pulumi refresh\` takes over what there is."
} >"$OUT/issue.md"
if [[ -n $number ]]; then
  gh issue edit "$number" --repo "$GITHUB_REPOSITORY" --body-file "$OUT/issue.md"
else
  gh issue create --repo "$GITHUB_REPOSITORY" --title "$title" --label drift --body-file "$OUT/issue.md"
fi
