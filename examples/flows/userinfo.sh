#!/usr/bin/env bash
# Userinfo (OpenID Connect Core §5.3): who is the person whose token this is?
set -euo pipefail
source "$(dirname "$0")/demo.sh"
source "$(dirname "$0")/person.sh"

say "Alice signs in; the scopes profile and email say what the program may know of her"
answer=$(tokens_of_alice orders-web "openid profile email" -d client_id=orders-web)
token=$(member access_token "$answer")

say "The program asks with the access token"
person=$(ask -H "Authorization: Bearer $token" "$ISSUER/v1/userinfo")
echo "$person"

say "It believes the answer only if it is about whom the ID token names"
id_token=$(claims "$(member id_token "$answer")")
echo "$id_token"
[[ $(member sub "$person") == "$(member sub "$id_token")" ]] || { echo "somebody else" >&2; exit 1; }

say "A token without the scope openid says nothing about its person"
answer=$(tokens_of_alice orders-web "read:orders" -d client_id=orders-web)
must_be_refused insufficient_scope \
    -H "Authorization: Bearer $(member access_token "$answer")" "$ISSUER/v1/userinfo"
