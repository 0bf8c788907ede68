#!/usr/bin/env bash
# Introspection (RFC 7662): asks the server whether a token is valid at this moment. An API that
# verifies tokens itself does not need this, unless it must learn of a revocation at once.
set -euo pipefail
source "$(dirname "$0")/demo.sh"

reader=(-u orders-reader:orders-reader-demo-secret-not-for-production)
writer=(-u orders-writer:orders-writer-demo-secret-not-for-production)

say "A token of orders-reader"
token=$(member access_token "$(ask "${reader[@]}" -d grant_type=client_credentials -d scope=read:orders "$ISSUER/v1/token")")
list_orders "$token"

say "The server's answer to the client that the token was issued to"
answer=$(ask "${reader[@]}" -d "token=$token" "$ISSUER/v1/introspect")
echo "$answer"
[[ $answer == *'"active":true'* ]] || exit 1

say "Another client learns nothing. An API learns about tokens for its own audiences, if the catalog lists them"
answer=$(ask "${writer[@]}" -d "token=$token" "$ISSUER/v1/introspect")
echo "$answer"
[[ $answer == '{"active":false}' ]] || exit 1

say "A text that is not a token gets the same answer"
ask "${reader[@]}" -d token=something "$ISSUER/v1/introspect"
