#!/usr/bin/env bash
# Userinfo (OpenID Connect Core §5.3): asks the server which user an access token is for.
set -euo pipefail
source "$(dirname "$0")/demo.sh"
source "$(dirname "$0")/user.sh"

say "Alice signs in; the scopes profile and email say what the program may learn about her"
answer=$(tokens_of_alice orders-web "openid profile email" -d client_id=orders-web)
token=$(member access_token "$answer")

say "The program asks with the access token"
userinfo=$(ask -H "Authorization: Bearer $token" "$ISSUER/v1/userinfo")
echo "$userinfo"

say "It accepts the answer only if it is about the user in the ID token"
id_token=$(claims "$(member id_token "$answer")")
echo "$id_token"
[[ $(member sub "$userinfo") == "$(member sub "$id_token")" ]] || { echo "another user" >&2; exit 1; }

say "A token without the scope openid gives no information about its user"
answer=$(tokens_of_alice orders-web "read:orders" -d client_id=orders-web)
must_be_refused insufficient_scope \
    -H "Authorization: Bearer $(member access_token "$answer")" "$ISSUER/v1/userinfo"
