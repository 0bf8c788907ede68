#!/usr/bin/env bash
# Refresh tokens with rotation (RFC 6749 §6, RFC 9700 §4.14): access tokens live for minutes; the program
# gets new ones while alice is away. Each refresh token is used once and brings the next.
set -euo pipefail
source "$(dirname "$0")/demo.sh"
source "$(dirname "$0")/person.sh"

# A web application: it keeps its secret on its own server.
portal=(-u orders-portal:orders-portal-demo-secret-not-for-production)
refresh=("${portal[@]}" -d grant_type=refresh_token "$ISSUER/v1/token")

say "Alice signs in, and agrees. The scope offline_access is what gives a refresh token"
answer=$(tokens_of_alice orders-portal "offline_access read:orders write:orders" "${portal[@]}")
echo "$answer"
first=$(member refresh_token "$answer")

say "Later: a new access token, and a new refresh token"
answer=$(ask "${refresh[@]}" -d "refresh_token=$first")
echo "$answer"
second=$(member refresh_token "$answer")

say "The API takes it"
list_orders "$(member access_token "$answer")"

say "A program may ask for less than it was given"
answer=$(ask "${refresh[@]}" -d "refresh_token=$second" -d scope=read:orders)
claims "$(member access_token "$answer")"
third=$(member refresh_token "$answer")

say "A refresh token that comes twice was stolen, whoever brings it now: it is refused"
must_be_refused invalid_grant "${refresh[@]}" -d "refresh_token=$second"

say "Nobody knows which of the two is the thief, so all that came from this sign-in has ended"
must_be_refused invalid_grant "${refresh[@]}" -d "refresh_token=$third"
