# shellcheck shell=bash
# Where the demo is, and how its answers are read. Each flow begins with this file.

ISSUER=${ISSUER:-http://127.0.0.1:9000/oauth2/default}
API=${API:-http://127.0.0.1:8080}

# A command that fails ends the script, inside $(…) too.
shopt -s inherit_errexit

say() { printf '\n# %s\n' "$*"; }

# Sends a request with curl and prints the answer. A refusal is shown, and ends the script.
ask() {
    local answer
    if ! answer=$(curl -sS --fail-with-body "$@"); then
        printf 'refused: %s\n' "$answer" >&2
        return 1
    fi
    printf '%s\n' "$answer"
}

# Sends a request that must be refused with this error.
must_be_refused() {
    local error=$1 answer
    shift
    answer=$(curl -sS "$@")
    printf '%s\n' "$answer"
    if [[ $answer != *"\"error\":\"$error\""* ]]; then
        printf 'this should have been refused by %s\n' "$error" >&2
        return 1
    fi
}

# A text in an answer of JSON: member access_token "$answer"
member() {
    local value
    value=$(sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" <<<"$2")
    if [[ -z $value ]]; then
        printf 'there is no %s in: %s\n' "$1" "$2" >&2
        return 1
    fi
    printf '%s' "$value"
}

# What a token says of itself. Only its verification, as the API does it, makes that true.
claims() {
    local payload
    payload=$(cut -d. -f2 <<<"$1" | tr '_-' '/+')
    while ((${#payload} % 4)); do payload+='='; done
    openssl base64 -d -A <<<"$payload"
    echo
}

# The base64 of the standards: without padding, safe in a URL.
base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

# Calls the API with a token.
list_orders() { ask -H "Authorization: Bearer $1" "$API/orders?limit=2"; }
