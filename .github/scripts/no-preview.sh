#!/usr/bin/env bash
# Where a job ended before preview.sh was through (npm ci, credentials, out of time): says so in the comment of stack $STACK, because
# the one that stands there is of an older commit and looks current. Does nothing where the preview has left its own.
# Needs what comment.mjs needs; COMMIT, RUN_URL; and PREVIEWED, the outcome of the preview's step.
# Exit code: 0 nothing to do, or posted; 1 could not be posted.
set -euo pipefail
: "${STACK:?}" "${FILE:?}" "${COMMIT:?}" "${RUN_URL:?}"
case ${PREVIEWED:-} in
  # Otherwise the file may be half of one.
  success | failure) if [[ -s $FILE ]]; then exit 0; fi ;;
esac
umask 077
mkdir -p "$(dirname "$FILE")"
printf '<!-- cutover:%s -->\n## %s: no preview of this commit\n\nThe preview of commit %s did not get that far: see [the log of the job](%s). What it would do, nobody knows yet.\n' \
  "$STACK" "$STACK" "${COMMIT:0:12}" "$RUN_URL" >"$FILE"
node "$(dirname "${BASH_SOURCE[0]}")/comment.mjs"
