#!/usr/bin/env bash
# Client credentials (RFC 6749 §4.4): a program without a person gets a token for itself.
set -euo pipefail
source "$(dirname "$0")/demo.sh"

say "orders-reader shows its secret in the Authorization header, and asks to read"
answer=$(ask -u orders-reader:orders-reader-demo-secret-not-for-production \
    -d grant_type=client_credentials -d scope=read:orders "$ISSUER/v1/token")
echo "$answer"

say "What the token says"
token=$(member access_token "$answer")
claims "$token"

say "The API takes it"
list_orders "$token"

say "To write was not asked for, so the API refuses"
must_be_refused insufficient_scope -X DELETE -H "Authorization: Bearer $token" "$API/orders/1"

say "Nor would the server have given it: its policy lets this client read and no more"
must_be_refused access_denied -u orders-reader:orders-reader-demo-secret-not-for-production \
    -d grant_type=client_credentials -d scope=write:orders "$ISSUER/v1/token"
