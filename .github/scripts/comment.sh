#!/usr/bin/env bash
# Puts $FILE on pull request $PR of $GITHUB_REPOSITORY as the one comment of stack $STACK: made once, then edited in place. The
# comment is known by its first line. Needs GH_TOKEN with pull-requests: write.
set -euo pipefail
: "${FILE:?}" "${PR:?}" "${STACK:?}" "${GITHUB_REPOSITORY:?}"
export MARKER="<!-- cutover:$STACK -->"
if [[ $(head -n 1 "$FILE") != "$MARKER" ]]; then
  echo "$FILE does not begin with $MARKER: it would never be found again" >&2
  exit 1
fi
# Only a comment of our own: anybody could quote the marker.
found=$(gh api --paginate "repos/$GITHUB_REPOSITORY/issues/$PR/comments?per_page=100" \
  --jq '.[] | select(.user.login == "github-actions[bot]" and (.body | startswith(env.MARKER))) | .id')
id=${found%%$'\n'*}
if [[ -n $id ]]; then
  gh api --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" --field "body=@$FILE" --silent
else
  gh api --method POST "repos/$GITHUB_REPOSITORY/issues/$PR/comments" --field "body=@$FILE" --silent
fi
