#!/usr/bin/env bash
# Token exchange (RFC 8693): alice's program called a service, and the service must call the API for
# her. It exchanges her token for one with fewer scopes that says who acts.
set -euo pipefail
source "$(dirname "$0")/demo.sh"
source "$(dirname "$0")/user.sh"

writer=(-u orders-writer:orders-writer-demo-secret-not-for-production)
type=urn:ietf:params:oauth:token-type:access_token

say "Alice signs in at the portal, which calls a service with her token"
answer=$(tokens_of_alice orders-portal "read:orders write:orders" \
    -u orders-portal:orders-portal-demo-secret-not-for-production)
alices=$(member access_token "$answer")
claims "$alices"

say "The service has a token of its own"
answer=$(ask "${writer[@]}" -d grant_type=client_credentials -d scope=read:orders "$ISSUER/v1/token")
own=$(member access_token "$answer")

say "It exchanges alice's token for one that may only read"
exchange=("${writer[@]}" -d grant_type=urn:ietf:params:oauth:grant-type:token-exchange
        -d "subject_token=$alices" -d "subject_token_type=$type" -d audience=api://orders "$ISSUER/v1/token")
answer=$(ask "${exchange[@]}" -d "actor_token=$own" -d "actor_token_type=$type" -d scope=read:orders)
token=$(member access_token "$answer")
claims "$token"
[[ $(claims "$token") == *'"act":{'*'"sub":"orders-writer"}'* ]] || exit 1

say "The API accepts it: it is a token for alice, and says who acts for her"
list_orders "$token"

say "It does not have scopes that were not requested"
must_be_refused insufficient_scope -X DELETE -H "Authorization: Bearer $token" "$API/orders/1"

say "A token of another client does not prove who acts"
must_be_refused invalid_request "${exchange[@]}" -d "actor_token=$alices" -d "actor_token_type=$type"
