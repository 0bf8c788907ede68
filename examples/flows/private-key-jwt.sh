#!/usr/bin/env bash
# A client without a secret (RFC 7523 §2.2): it signs an assertion with its private key, and the
# server has the public key. Neither a copy of the request nor of the server's data lets an attacker
# authenticate.
set -euo pipefail
source "$(dirname "$0")/demo.sh"
source "$(dirname "$0")/partner.sh"

say "The assertion: issuer and subject are the client, audience, expiry, and an id that is used once"
claims="{\"iss\":\"partner\",\"sub\":\"partner\",\"aud\":\"$ISSUER\""
claims+=",\"exp\":$(($(date +%s) + 300)),\"jti\":\"$(openssl rand -hex 16)\"}"
echo "$claims"
request=(-d grant_type=client_credentials -d scope=read:orders
    -d client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer
    -d "client_assertion=$(signed_by_partner "$claims")" "$ISSUER/v1/token")

say "The server issues a token for it"
answer=$(ask "${request[@]}")
echo "$answer"

say "The API accepts it"
list_orders "$(member access_token "$answer")"

say "An assertion cannot be used again, even by someone who saw it"
must_be_refused invalid_client "${request[@]}"
