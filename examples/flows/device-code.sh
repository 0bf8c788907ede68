#!/usr/bin/env bash
# Device authorization grant (RFC 8628): a device that has no browser shows a code; alice types it in hers,
# sees what it is for, and lets the device in. The device asks again and again whether she has.
set -euo pipefail
source "$(dirname "$0")/demo.sh"
source "$(dirname "$0")/person.sh"

device=(-d client_id=orders-device)

say "The device asks to be let in, and shows what it is answered: an address and a code"
answer=$(ask "${device[@]}" -d "scope=offline_access read:orders" "$ISSUER/v1/device/authorize")
echo "$answer"
address=$(member verification_uri_complete "$answer") code=$(member user_code "$answer")
poll=("${device[@]}" -d grant_type=urn:ietf:params:oauth:grant-type:device_code
    -d "device_code=$(member device_code "$answer")" "$ISSUER/v1/token")

say "It asks for its token. She has not decided, so it waits, five seconds each time"
must_be_refused authorization_pending "${poll[@]}"

say "A device that asks sooner must wait longer from then on"
must_be_refused slow_down "${poll[@]}"

say "Alice opens the address; signed in, she is led back to the form, and the code is filled in"
page=$(browser "$(alice_opens "$address")")
[[ $page == *"value=\"$code\""* ]] || { echo "the code is not there" >&2; exit 1; }
activate=${ISSUER%/oauth2/*}/activate

say "She sends it, and reads what she is asked"
page=$(browser --data-urlencode "request=$(hidden request "$page")" -d "user_code=$code" "$activate")
sed -n '/<h1>/,/<form/{s/<[^>]*>//g;/^$/d;p}' <<<"$page"
[[ $page == *'Orders on a device'*"$code"* ]] || { echo "this is another device" >&2; exit 1; }

say "It is her device: she allows it"
page=$(browser --data-urlencode "request=$(hidden request "$page")" -d decision=allow "$activate")
[[ $page == *'The device is connected'* ]] || { echo "$page" >&2; exit 1; }

say "The device asks once more, and has its tokens"
answer=$(ask "${poll[@]}")
echo "$answer"
list_orders "$(member access_token "$answer")"
ask "${device[@]}" -d grant_type=refresh_token -d "refresh_token=$(member refresh_token "$answer")" "$ISSUER/v1/token"

say "The code has served"
must_be_refused invalid_grant "${poll[@]}"
