#!/usr/bin/env bash
# A client without a secret (RFC 7523 §2.2): it signs an assertion with its private key, and the server
# knows the public one. Nothing that could be stolen on the way or at the server opens anything.
set -euo pipefail
source "$(dirname "$0")/demo.sh"

# The key is a JWK; openssl wants DER: a fixed frame around the number d (RFC 5915).
key=$(mktemp)
trap 'rm -f "$key"' EXIT
jwk=$(<"$(dirname "$0")/../orders-api/partner.demo.jwk.json")
bytes() { printf '%b' "$(sed 's/../\\x&/g' <<<"$1")"; }
{
    bytes 30310201010420
    d=$(member d "$(tr -d ' \n' <<<"$jwk")")
    openssl base64 -d -A <<<"$(tr '_-' '/+' <<<"$d")="
    bytes a00a06082a8648ce3d030107
} | openssl ec -inform DER -out "$key" 2>/dev/null

say "The assertion: who I am, for whom this is, until when, and a number that is used once"
now=$(date +%s)
payload="{\"iss\":\"partner\",\"sub\":\"partner\",\"aud\":\"$ISSUER\",\"iat\":$now,\"exp\":$((now + 300)),\"jti\":\"$(openssl rand -hex 16)\"}"
echo "$payload"
signed="$(printf %s '{"alg":"ES256","kid":"partner-demo"}' | base64url).$(printf %s "$payload" | base64url)"

# ES256 is the two numbers of the signature, 32 bytes each (RFC 7518 §3.4); openssl writes them as ASN.1.
numbers=$(printf %s "$signed" | openssl dgst -sha256 -sign "$key" | openssl asn1parse -inform DER |
    sed -n 's/.*INTEGER *://p' | while read -r number; do printf '%64s' "$number"; done | tr ' ' 0)
assertion="$signed.$(bytes "$numbers" | base64url)"

say "A token for it"
ask_with_assertion=(-d grant_type=client_credentials -d scope=read:orders
    -d client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer
    -d "client_assertion=$assertion" "$ISSUER/v1/token")
answer=$(ask "${ask_with_assertion[@]}")
echo "$answer"

say "The API takes it"
list_orders "$(member access_token "$answer")"

say "Whoever saw the assertion cannot use it again"
must_be_refused invalid_client "${ask_with_assertion[@]}"
