#!/usr/bin/env bash
# Authorization code with PKCE (RFC 6749 §4.1, RFC 7636, OpenID Connect Core §3.1): alice signs in at the
# server and lets a program call the API for her. The program never sees her password.
set -euo pipefail
source "$(dirname "$0")/demo.sh"
source "$(dirname "$0")/person.sh"

say "The program makes a secret to redeem the code with, and two marks to know the answers by"
verifier=$(openssl rand 32 | base64url)
challenge=$(printf %s "$verifier" | openssl dgst -sha256 -binary | base64url)
state=$(openssl rand -hex 16) nonce=$(openssl rand -hex 16)
echo "code_verifier=$verifier"

say "It sends the browser here, with the hash of the secret"
url="$ISSUER/v1/authorize?response_type=code&client_id=orders-web&redirect_uri=$REDIRECT_URI"
url+="&scope=openid+profile+read:orders+write:orders&state=$state&nonce=$nonce"
url+="&code_challenge=$challenge&code_challenge_method=S256"
echo "$url"

say "Alice signs in, and her browser comes back to the program with a code"
address=$(alice_opens "$url")
echo "$address"
[[ $(parameter state "$address") == "$state" ]] || { echo "this is no answer to my question" >&2; exit 1; }

say "The program redeems the code; only it can, because it shows the secret"
answer=$(ask -d grant_type=authorization_code -d client_id=orders-web -d "code_verifier=$verifier" \
    -d "code=$(parameter code "$address")" -d "redirect_uri=$REDIRECT_URI" "$ISSUER/v1/token")
echo "$answer"

say "The ID token tells the program who signed in, and repeats its nonce"
id_token=$(claims "$(member id_token "$answer")")
echo "$id_token"
[[ $(member nonce "$id_token") == "$nonce" ]] || { echo "this ID token is not for me" >&2; exit 1; }

say "The access token opens the API: alice is of the staff, so it may write too"
token=$(member access_token "$answer")
list_orders "$token"
ask -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
    -d '{"customer":"Alice","item":"Desk lamp","quantity":1,"unit_price_cents":4990}' "$API/orders"
