#!/usr/bin/env bash
# Pushed authorization request (RFC 9126): a program tells the server what it will ask before it sends the
# browser. Nothing of it stands in an address, nobody on the way can change it, and who asks is proved.
set -euo pipefail
source "$(dirname "$0")/demo.sh"
source "$(dirname "$0")/person.sh"

portal=(-u orders-portal:orders-portal-demo-secret-not-for-production)
verifier=$(openssl rand 32 | base64url)
challenge=$(printf %s "$verifier" | openssl dgst -sha256 -binary | base64url)
asked=("${portal[@]}" -d response_type=code -d client_id=orders-portal -d "redirect_uri=$REDIRECT_URI"
    -d "scope=openid read:orders" -d state=pushed -d code_challenge_method=S256)

say "The program pushes its request, and gets a reference that lives for a minute"
answer=$(ask "${asked[@]}" -d "code_challenge=$challenge" "$ISSUER/v1/par")
echo "$answer"
reference=$(member request_uri "$answer")

say "What is wrong it learns at once, and not through a browser"
must_be_refused invalid_request "${asked[@]}" "$ISSUER/v1/par"

say "The browser brings the reference and nothing else"
url="$ISSUER/v1/authorize?client_id=orders-portal&request_uri=$reference"
echo "$url"
address=$(alice_opens "$url")
echo "$address"
[[ $(parameter state "$address") == pushed ]] || { echo "this is no answer to my question" >&2; exit 1; }

say "The code is redeemed as any other"
answer=$(ask "${portal[@]}" -d grant_type=authorization_code -d "code=$(parameter code "$address")" \
    -d "redirect_uri=$REDIRECT_URI" -d "code_verifier=$verifier" "$ISSUER/v1/token")
echo "$answer"
list_orders "$(member access_token "$answer")"

say "The reference served once; whoever saw the address gets a page, and no code"
status=$(curl -sS -o /dev/null -w '%{http_code}' -b "$COOKIES" "$url")
echo "HTTP $status"
[[ $status == 400 ]] || exit 1
