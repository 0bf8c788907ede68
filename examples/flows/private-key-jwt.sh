#!/usr/bin/env bash
# A client without a secret (RFC 7523 §2.2): it signs an assertion with its private key, and the server
# knows the public one. Nothing that could be stolen on the way or at the server opens anything.
set -euo pipefail
source "$(dirname "$0")/demo.sh"
source "$(dirname "$0")/partner.sh"

say "The assertion: who I am, for whom this is, until when, and a number that is used once"
claims="{\"iss\":\"partner\",\"sub\":\"partner\",\"aud\":\"$ISSUER\""
claims+=",\"exp\":$(($(date +%s) + 300)),\"jti\":\"$(openssl rand -hex 16)\"}"
echo "$claims"
request=(-d grant_type=client_credentials -d scope=read:orders
    -d client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer
    -d "client_assertion=$(signed_by_partner "$claims")" "$ISSUER/v1/token")

say "A token for it"
answer=$(ask "${request[@]}")
echo "$answer"

say "The API takes it"
list_orders "$(member access_token "$answer")"

say "Whoever saw the assertion cannot use it again"
must_be_refused invalid_client "${request[@]}"
