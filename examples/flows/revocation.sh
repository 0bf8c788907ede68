#!/usr/bin/env bash
# Revocation (RFC 7009): a program gives back what it needs no longer, here when alice is done with it.
set -euo pipefail
source "$(dirname "$0")/demo.sh"
source "$(dirname "$0")/person.sh"

portal=(-u orders-portal:orders-portal-demo-secret-not-for-production)

say "Alice signs in"
answer=$(tokens_of_alice orders-portal "offline_access read:orders write:orders" "${portal[@]}")
access=$(member access_token "$answer") refresh=$(member refresh_token "$answer")
ask "${portal[@]}" -d "token=$access" "$ISSUER/v1/introspect"

say "The program revokes its refresh token: the answer is 200, whatever was sent"
ask -w '%{http_code}' "${portal[@]}" -d "token=$refresh" -d token_type_hint=refresh_token "$ISSUER/v1/revoke"

say "It refreshes nothing any more"
must_be_refused invalid_grant "${portal[@]}" -d grant_type=refresh_token -d "refresh_token=$refresh" "$ISSUER/v1/token"

say "and the server no longer stands by the access token that came with it"
answer=$(ask "${portal[@]}" -d "token=$access" "$ISSUER/v1/introspect")
echo "$answer"
[[ $answer == '{"active":false}' ]] || exit 1

say "The API that verifies by itself takes it until it expires: that is why it lives for minutes"
list_orders "$access"
