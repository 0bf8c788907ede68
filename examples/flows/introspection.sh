#!/usr/bin/env bash
# Introspection (RFC 7662): asks the server whether a token is good, now. An API that verifies tokens by
# itself need not; one that must know at once of a revocation does.
set -euo pipefail
source "$(dirname "$0")/demo.sh"

reader=(-u orders-reader:orders-reader-demo-secret-not-for-production)
writer=(-u orders-writer:orders-writer-demo-secret-not-for-production)

say "A token of orders-reader"
token=$(member access_token "$(ask "${reader[@]}" -d grant_type=client_credentials -d scope=read:orders "$ISSUER/v1/token")")
list_orders "$token"

say "What the server says of it to the client that it belongs to"
answer=$(ask "${reader[@]}" -d "token=$token" "$ISSUER/v1/introspect")
echo "$answer"
[[ $answer == *'"active":true'* ]] || exit 1

say "Another client learns nothing. An API does, if the catalog names its audience as its own"
answer=$(ask "${writer[@]}" -d "token=$token" "$ISSUER/v1/introspect")
echo "$answer"
[[ $answer == '{"active":false}' ]] || exit 1

say "What is no token is answered in the same way"
ask "${reader[@]}" -d token=something "$ISSUER/v1/introspect"
