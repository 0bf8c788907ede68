#!/usr/bin/env bash
# Revocation (RFC 7009): a program revokes tokens that it no longer needs, here when alice is done
# with it.
set -euo pipefail
source "$(dirname "$0")/demo.sh"
source "$(dirname "$0")/user.sh"

portal=(-u orders-portal:orders-portal-demo-secret-not-for-production)

say "Alice signs in"
answer=$(tokens_of_alice orders-portal "offline_access read:orders write:orders" "${portal[@]}")
access=$(member access_token "$answer") refresh=$(member refresh_token "$answer")
ask "${portal[@]}" -d "token=$access" "$ISSUER/v1/introspect"

say "The program revokes its refresh token. The answer is 200 whether or not the token existed"
ask -w '%{http_code}' "${portal[@]}" -d "token=$refresh" -d token_type_hint=refresh_token "$ISSUER/v1/revoke"

say "The refresh token is refused from now on"
must_be_refused invalid_grant "${portal[@]}" -d grant_type=refresh_token -d "refresh_token=$refresh" "$ISSUER/v1/token"

say "and the access token that was issued with it is no longer active"
answer=$(ask "${portal[@]}" -d "token=$access" "$ISSUER/v1/introspect")
echo "$answer"
[[ $answer == '{"active":false}' ]] || exit 1

say "An API that verifies tokens itself accepts it until it expires, which is why it is valid only for minutes"
list_orders "$access"
