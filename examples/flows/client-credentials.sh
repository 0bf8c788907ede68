#!/usr/bin/env bash
# Client credentials (RFC 6749 §4.4): a program gets a token for itself, without a user.
set -euo pipefail
source "$(dirname "$0")/demo.sh"

say "orders-reader sends its secret in the Authorization header, and requests the scope read:orders"
answer=$(ask -u orders-reader:orders-reader-demo-secret-not-for-production \
    -d grant_type=client_credentials -d scope=read:orders "$ISSUER/v1/token")
echo "$answer"

say "The claims of the token"
token=$(member access_token "$answer")
claims "$token"

say "The API accepts it"
list_orders "$token"

say "The token does not have write:orders, so the API refuses to delete"
must_be_refused insufficient_scope -X DELETE -H "Authorization: Bearer $token" "$API/orders/1"

say "The server would not issue it either: its policy grants this client only read:orders"
must_be_refused access_denied -u orders-reader:orders-reader-demo-secret-not-for-production \
    -d grant_type=client_credentials -d scope=write:orders "$ISSUER/v1/token"
