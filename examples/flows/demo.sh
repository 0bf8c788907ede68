# shellcheck shell=bash
# The addresses of the demo, and functions to read its answers. Each flow sources this file first.

ISSUER=${ISSUER:-http://127.0.0.1:9000/oauth2/default}
API=${API:-http://127.0.0.1:8080}

# A failing command ends the script, also inside of $(…).
shopt -s inherit_errexit

say() { printf '\n# %s\n' "$*"; }

# Sends a request with curl and prints the answer. If it is refused, prints the refusal and ends the
# script.
ask() {
    local answer
    if ! answer=$(curl -sS --fail-with-body "$@"); then
        printf 'refused: %s\n' "$answer" >&2
        return 1
    fi
    printf '%s\n' "$answer"
}

# Sends a request that must be refused with this error code.
must_be_refused() {
    local error=$1 answer
    shift
    answer=$(curl -sS "$@")
    printf '%s\n' "$answer"
    if [[ $answer != *"\"error\":\"$error\""* ]]; then
        printf 'this should have been refused with %s\n' "$error" >&2
        return 1
    fi
}

# The value of a string member in a JSON answer: member access_token "$answer"
member() {
    local value
    value=$(sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" <<<"$2")
    if [[ -z $value ]]; then
        printf 'there is no %s in: %s\n' "$1" "$2" >&2
        return 1
    fi
    printf '%s' "$value"
}

# The claims of a token. They are not verified here; the API verifies them.
claims() {
    local payload
    payload=$(cut -d. -f2 <<<"$1" | tr '_-' '/+')
    while ((${#payload} % 4)); do payload+='='; done
    openssl base64 -d -A <<<"$payload"
    echo
}

# base64url without padding, as JWTs use it (RFC 7515 §2).
base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

# Calls the API with a token.
list_orders() { ask -H "Authorization: Bearer $1" "$API/orders?limit=2"; }
