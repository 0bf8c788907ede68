#!/usr/bin/env bash
# Refresh tokens with rotation (RFC 6749 §6, RFC 9700 §4.14): access tokens are valid for minutes, and
# the program gets new ones without alice. Each refresh token is used once and returns the next one.
set -euo pipefail
source "$(dirname "$0")/demo.sh"
source "$(dirname "$0")/user.sh"

# A web application, which keeps its secret on its own server.
portal=(-u orders-portal:orders-portal-demo-secret-not-for-production)
refresh=("${portal[@]}" -d grant_type=refresh_token "$ISSUER/v1/token")

say "Alice signs in and consents. The scope offline_access is what gives a refresh token"
answer=$(tokens_of_alice orders-portal "offline_access read:orders write:orders" "${portal[@]}")
echo "$answer"
first=$(member refresh_token "$answer")

say "Later the program gets a new access token and a new refresh token"
answer=$(ask "${refresh[@]}" -d "refresh_token=$first")
echo "$answer"
second=$(member refresh_token "$answer")

say "The API accepts it"
list_orders "$(member access_token "$answer")"

say "A program may request fewer scopes than were granted"
answer=$(ask "${refresh[@]}" -d "refresh_token=$second" -d scope=read:orders)
claims "$(member access_token "$answer")"
third=$(member refresh_token "$answer")

say "A refresh token that is used twice may have been stolen, so it is refused"
must_be_refused invalid_grant "${refresh[@]}" -d "refresh_token=$second"

say "The server cannot tell which of the two is the thief, so everything issued from this sign-in has ended"
must_be_refused invalid_grant "${refresh[@]}" -d "refresh_token=$third"
