#!/usr/bin/env bash
# Authorization code with PKCE (RFC 6749 §4.1, RFC 7636, OpenID Connect Core §3.1): alice signs in at
# the server and lets a program call the API for her. The program never sees her password.
set -euo pipefail
source "$(dirname "$0")/demo.sh"
source "$(dirname "$0")/user.sh"

say "The program creates a code verifier, and a state and a nonce to recognize the answers"
verifier=$(openssl rand 32 | base64url)
challenge=$(printf %s "$verifier" | openssl dgst -sha256 -binary | base64url)
state=$(openssl rand -hex 16) nonce=$(openssl rand -hex 16)
echo "code_verifier=$verifier"

say "It sends the browser to this URL, which contains the hash of the verifier"
url="$ISSUER/v1/authorize?response_type=code&client_id=orders-web&redirect_uri=$REDIRECT_URI"
url+="&scope=openid+profile+read:orders+write:orders&state=$state&nonce=$nonce"
url+="&code_challenge=$challenge&code_challenge_method=S256"
echo "$url"

say "Alice signs in, and her browser comes back to the program with a code"
address=$(alice_opens "$url")
echo "$address"
[[ $(parameter state "$address") == "$state" ]] || { echo "the state is not the one that was sent" >&2; exit 1; }

say "The program redeems the code; nobody else can, because only the program has the verifier"
answer=$(ask -d grant_type=authorization_code -d client_id=orders-web -d "code_verifier=$verifier" \
    -d "code=$(parameter code "$address")" -d "redirect_uri=$REDIRECT_URI" "$ISSUER/v1/token")
echo "$answer"

say "The ID token says who signed in, and contains the nonce"
id_token=$(claims "$(member id_token "$answer")")
echo "$id_token"
[[ $(member nonce "$id_token") == "$nonce" ]] || { echo "the nonce is not the one that was sent" >&2; exit 1; }

say "The API accepts the access token: alice is in the group staff, so it may also write"
token=$(member access_token "$answer")
list_orders "$token"
ask -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
    -d '{"customer":"Alice","item":"Desk lamp","quantity":1,"unit_price_cents":4990}' "$API/orders"
