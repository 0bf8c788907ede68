#!/usr/bin/env bash
# JWT bearer (RFC 7523 §2.1): an issuer that the server trusts says for which user a program requests
# a token. The user has signed in at that issuer, and need not sign in here.
set -euo pipefail
source "$(dirname "$0")/demo.sh"
source "$(dirname "$0")/partner.sh"

writer=(-u orders-writer:orders-writer-demo-secret-not-for-production)

# An assertion of https://partner.example about a user; in the demo this issuer uses the partner's
# key.
assertion_about() {
    signed_by_partner "{\"iss\":\"https://partner.example\",\"sub\":\"$1\",\"aud\":\"$ISSUER\",\"exp\":$(($(date +%s) + 300)),\"jti\":\"$(openssl rand -hex 16)\"}"
}
grant=(-d grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer "$ISSUER/v1/token")

say "The other issuer signs an assertion about alice"
assertion=$(assertion_about alice)
claims "$assertion"

say "The program sends it, with its own secret, and gets a token for alice"
answer=$(ask "${writer[@]}" "${grant[@]}" -d "assertion=$assertion" -d "scope=read:orders write:orders")
claims "$(member access_token "$answer")"

say "The API accepts it"
list_orders "$(member access_token "$answer")"

say "An assertion can be used once"
must_be_refused invalid_grant "${writer[@]}" "${grant[@]}" -d "assertion=$assertion" -d scope=read:orders

say "Bob may only read, whichever grant is used"
must_be_refused access_denied "${writer[@]}" "${grant[@]}" \
    -d "assertion=$(assertion_about bob)" -d scope=write:orders

say "An assertion about an unknown user is refused"
must_be_refused invalid_grant "${writer[@]}" "${grant[@]}" \
    -d "assertion=$(assertion_about mallory)" -d scope=read:orders
