#!/usr/bin/env bash
# JWT bearer (RFC 7523 §2.1): an issuer that the server trusts says for whom a program asks. The person
# has signed in there, and need not sign in here.
set -euo pipefail
source "$(dirname "$0")/demo.sh"
source "$(dirname "$0")/partner.sh"

writer=(-u orders-writer:orders-writer-demo-secret-not-for-production)

# What https://partner.example says of a person; in the demo it has the key of the partner.
assertion_about() {
    signed_by_partner "{\"iss\":\"https://partner.example\",\"sub\":\"$1\",\"aud\":\"$ISSUER\",\"exp\":$(($(date +%s) + 300)),\"jti\":\"$(openssl rand -hex 16)\"}"
}
grant=(-d grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer "$ISSUER/v1/token")

say "The other issuer speaks of alice"
assertion=$(assertion_about alice)
claims "$assertion"

say "The program brings that, and its own secret: the token is hers"
answer=$(ask "${writer[@]}" "${grant[@]}" -d "assertion=$assertion" -d "scope=read:orders write:orders")
claims "$(member access_token "$answer")"

say "The API takes it"
list_orders "$(member access_token "$answer")"

say "An assertion serves once"
must_be_refused invalid_grant "${writer[@]}" "${grant[@]}" -d "assertion=$assertion" -d scope=read:orders

say "Bob may read only, by whichever way a token of his is asked for"
must_be_refused access_denied "${writer[@]}" "${grant[@]}" \
    -d "assertion=$(assertion_about bob)" -d scope=write:orders

say "Of whom this server does not know, nothing is taken"
must_be_refused invalid_grant "${writer[@]}" "${grant[@]}" \
    -d "assertion=$(assertion_about mallory)" -d scope=read:orders
