#!/usr/bin/env bash
# Token exchange (RFC 8693): alice's program called a service, and the service must call the API for her.
# It exchanges her token for one that may do less, and that says who acts.
set -euo pipefail
source "$(dirname "$0")/demo.sh"
source "$(dirname "$0")/person.sh"

writer=(-u orders-writer:orders-writer-demo-secret-not-for-production)
type=urn:ietf:params:oauth:token-type:access_token

say "Alice signs in at the portal, which calls a service with her token"
answer=$(tokens_of_alice orders-portal "read:orders write:orders" \
    -u orders-portal:orders-portal-demo-secret-not-for-production)
hers=$(member access_token "$answer")
claims "$hers"

say "The service has a token of its own"
answer=$(ask "${writer[@]}" -d grant_type=client_credentials -d scope=read:orders "$ISSUER/v1/token")
its=$(member access_token "$answer")

say "It exchanges hers, to read and no more"
exchange=("${writer[@]}" -d grant_type=urn:ietf:params:oauth:grant-type:token-exchange
    -d "subject_token=$hers" -d "subject_token_type=$type" -d audience=api://orders "$ISSUER/v1/token")
answer=$(ask "${exchange[@]}" -d "actor_token=$its" -d "actor_token_type=$type" -d scope=read:orders)
token=$(member access_token "$answer")
claims "$token"
[[ $(claims "$token") == *'"act":{'*'"sub":"orders-writer"}'* ]] || exit 1

say "The API takes it: it is alice's, and says who acts for her"
list_orders "$token"

say "It may not do what was not asked for"
must_be_refused insufficient_scope -X DELETE -H "Authorization: Bearer $token" "$API/orders/1"

say "Somebody else's token is no proof of who acts"
must_be_refused invalid_request "${exchange[@]}" -d "actor_token=$hers" -d "actor_token_type=$type"
