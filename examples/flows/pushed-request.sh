#!/usr/bin/env bash
# Pushed authorization request (RFC 9126): a program sends its request to the server before it
# redirects the browser. The request is not in any URL, cannot be changed on the way, and the client
# is authenticated.
set -euo pipefail
source "$(dirname "$0")/demo.sh"
source "$(dirname "$0")/user.sh"

portal=(-u orders-portal:orders-portal-demo-secret-not-for-production)
verifier=$(openssl rand 32 | base64url)
challenge=$(printf %s "$verifier" | openssl dgst -sha256 -binary | base64url)
pushed=("${portal[@]}" -d response_type=code -d client_id=orders-portal -d "redirect_uri=$REDIRECT_URI"
    -d "scope=openid read:orders" -d state=pushed -d code_challenge_method=S256)

say "The program pushes its request, and gets a reference that is valid for one minute"
answer=$(ask "${pushed[@]}" -d "code_challenge=$challenge" "$ISSUER/v1/par")
echo "$answer"
reference=$(member request_uri "$answer")

say "The program learns of mistakes at once, and not through the browser"
must_be_refused invalid_request "${pushed[@]}" "$ISSUER/v1/par"

say "The browser carries only the reference"
url="$ISSUER/v1/authorize?client_id=orders-portal&request_uri=$reference"
echo "$url"
address=$(alice_opens "$url")
echo "$address"
[[ $(parameter state "$address") == pushed ]] || { echo "the state is not the one that was sent" >&2; exit 1; }

say "The code is redeemed as usual"
answer=$(ask "${portal[@]}" -d grant_type=authorization_code -d "code=$(parameter code "$address")" \
    -d "redirect_uri=$REDIRECT_URI" -d "code_verifier=$verifier" "$ISSUER/v1/token")
echo "$answer"
list_orders "$(member access_token "$answer")"

say "The reference can be used once; opening the URL again shows an error page and gives no code"
status=$(curl -sS -o /dev/null -w '%{http_code}' -b "$COOKIES" "$url")
echo "HTTP $status"
[[ $status == 400 ]] || exit 1
