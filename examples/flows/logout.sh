#!/usr/bin/env bash
# Logout at a program's request (OpenID Connect RP-Initiated Logout 1.0).
set -euo pipefail
source "$(dirname "$0")/demo.sh"
source "$(dirname "$0")/user.sh"

portal=(-u orders-portal:orders-portal-demo-secret-not-for-production)
# Asks whether a user is signed in, without showing a page; the browser is redirected back at once.
sign_in_check="$ISSUER/v1/authorize?response_type=code&client_id=orders-portal&scope=openid&prompt=none"
sign_in_check+="&redirect_uri=$REDIRECT_URI&state=1&code_challenge_method=S256"
sign_in_check+="&code_challenge=$(openssl rand 32 | openssl dgst -sha256 -binary | base64url)"

say "Alice signs in"
id_token=$(member id_token "$(tokens_of_alice orders-portal openid "${portal[@]}")")
claims "$id_token"

say "Now the server recognizes her browser, and issues a code without asking"
address=$(browser -o /dev/null -w '%{redirect_url}' "$sign_in_check")
echo "$address"
parameter code "$address" >/dev/null

say "The program signs her out. The ID token shows whose session it means, so she is not asked to confirm"
address=$(browser -o /dev/null -w '%{redirect_url}' -G -d "id_token_hint=$id_token" -d state=bye \
    --data-urlencode post_logout_redirect_uri=http://127.0.0.1:8765/signed-out "$ISSUER/v1/logout")
echo "$address"
[[ $address == 'http://127.0.0.1:8765/signed-out?state=bye' ]] || exit 1

say "Now nobody is signed in"
address=$(browser -o /dev/null -w '%{redirect_url}' "$sign_in_check")
echo "$address"
[[ $(parameter error "$address") == login_required ]] || exit 1
