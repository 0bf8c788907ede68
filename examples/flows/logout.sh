#!/usr/bin/env bash
# Logout that a program asks for (OpenID Connect RP-Initiated Logout 1.0).
set -euo pipefail
source "$(dirname "$0")/demo.sh"
source "$(dirname "$0")/person.sh"

portal=(-u orders-portal:orders-portal-demo-secret-not-for-production)
# Asks whether somebody is signed in, and never shows a page. The browser comes back at once.
anybody="$ISSUER/v1/authorize?response_type=code&client_id=orders-portal&scope=openid&prompt=none"
anybody+="&redirect_uri=$REDIRECT_URI&state=1&code_challenge_method=S256"
anybody+="&code_challenge=$(openssl rand 32 | openssl dgst -sha256 -binary | base64url)"

say "Alice signs in"
id_token=$(member id_token "$(tokens_of_alice orders-portal openid "${portal[@]}")")
claims "$id_token"

say "From now on the server knows her browser, and gives a code without asking"
address=$(browser -o /dev/null -w '%{redirect_url}' "$anybody")
echo "$address"
parameter code "$address" >/dev/null

say "The program signs her out. Its ID token shows that it knows whom it speaks of, so she is not asked"
address=$(browser -o /dev/null -w '%{redirect_url}' -G -d "id_token_hint=$id_token" -d state=bye \
    --data-urlencode post_logout_redirect_uri=http://127.0.0.1:8765/signed-out "$ISSUER/v1/logout")
echo "$address"
[[ $address == 'http://127.0.0.1:8765/signed-out?state=bye' ]] || exit 1

say "Now the server knows nobody"
address=$(browser -o /dev/null -w '%{redirect_url}' "$anybody")
echo "$address"
[[ $(parameter error "$address") == login_required ]] || exit 1
