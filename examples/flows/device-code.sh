#!/usr/bin/env bash
# Device authorization grant (RFC 8628): a device without a browser shows a code. Alice enters it in
# her browser, sees what it is for, and approves the device. The device polls until she has decided.
set -euo pipefail
source "$(dirname "$0")/demo.sh"
source "$(dirname "$0")/user.sh"

device=(-d client_id=orders-device)

say "The device asks for a code, and shows the user an address and the code"
answer=$(ask "${device[@]}" -d "scope=offline_access read:orders" "$ISSUER/v1/device/authorize")
echo "$answer"
address=$(member verification_uri_complete "$answer") code=$(member user_code "$answer")
poll=("${device[@]}" -d grant_type=urn:ietf:params:oauth:grant-type:device_code
    -d "device_code=$(member device_code "$answer")" "$ISSUER/v1/token")

say "It polls for its token. Alice has not decided yet; it must wait five seconds between polls"
must_be_refused authorization_pending "${poll[@]}"

say "A device that polls too early must wait longer from then on"
must_be_refused slow_down "${poll[@]}"

say "Alice opens the address and signs in; the form then contains the code"
page=$(browser "$(alice_opens "$address")")
[[ $page == *"value=\"$code\""* ]] || { echo "the form does not contain the code" >&2; exit 1; }
activate=${ISSUER%/oauth2/*}/activate

say "She submits it, and reads what she is asked to approve"
page=$(browser --data-urlencode "request=$(hidden request "$page")" -d "user_code=$code" "$activate")
sed -n '/<h1>/,/<form/{s/<[^>]*>//g;/^$/d;p}' <<<"$page"
[[ $page == *'Orders on a device'*"$code"* ]] || { echo "the page is about another device" >&2; exit 1; }

say "It is her device, so she approves it"
page=$(browser --data-urlencode "request=$(hidden request "$page")" -d decision=allow "$activate")
[[ $page == *'The device is connected'* ]] || { echo "$page" >&2; exit 1; }

say "The device polls once more, and gets its tokens"
answer=$(ask "${poll[@]}")
echo "$answer"
list_orders "$(member access_token "$answer")"
ask "${device[@]}" -d grant_type=refresh_token -d "refresh_token=$(member refresh_token "$answer")" "$ISSUER/v1/token"

say "The device code cannot be used again"
must_be_refused invalid_grant "${poll[@]}"
