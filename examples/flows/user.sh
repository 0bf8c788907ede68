# shellcheck shell=bash
# Alice and her browser, played by curl with a cookie jar. A real program opens a real browser
# instead.

REDIRECT_URI=http://127.0.0.1:8765/cb # a real program would listen here

COOKIES=$(mktemp)
trap 'rm -f "$COOKIES"' EXIT

browser() { ask -b "$COOKIES" -c "$COOKIES" "$@"; }

# A hidden field of a page's form: hidden request "$page"
hidden() { sed -n "s/.*name=\"$1\" value=\"\([^\"]*\)\".*/\1/p" <<<"$2"; }

# Opens an address, signs in and consents if asked to, and prints where the browser is redirected.
alice_opens() {
    local address page request
    address=$(browser -o /dev/null -w '%{redirect_url}' "$1")
    if [[ $address == */signin\?* ]]; then
        page=$(browser "$address")
        request=$(hidden request "$page")
        address=$(browser -o /dev/null -w '%{redirect_url}' --data-urlencode "request=$request" \
            -d username=alice -d password=alice-demo-password "${ISSUER%/oauth2/*}/signin")
    fi
    # A web application gets offline_access only if alice consents; she is asked once.
    if [[ $address == */consent\?* ]]; then
        page=$(browser "$address")
        request=$(hidden request "$page")
        address=$(browser -o /dev/null -w '%{redirect_url}' --data-urlencode "request=$request" \
            -d decision=allow "${ISSUER%/oauth2/*}/consent")
    fi
    printf '%s' "$address"
}

# A query parameter of an address: parameter code "$address"
parameter() {
    local value
    value=$(sed -n "s/.*[?&]$1=\([^&#]*\).*/\1/p" <<<"$2")
    if [[ -z $value ]]; then
        printf 'there is no %s in: %s\n' "$1" "$2" >&2
        return 1
    fi
    printf '%s' "$value"
}

# Tokens of alice for a client, by the steps that authorization-code.sh explains. The arguments after
# the scope are the client's authentication: tokens_of_alice orders-web openid -d client_id=orders-web
tokens_of_alice() {
    local client=$1 scope=$2 verifier challenge answer
    shift 2
    verifier=$(openssl rand 32 | base64url)
    challenge=$(printf %s "$verifier" | openssl dgst -sha256 -binary | base64url)
    answer=$(alice_opens "$ISSUER/v1/authorize?response_type=code&client_id=$client&scope=${scope// /+}&redirect_uri=$REDIRECT_URI&state=none&code_challenge=$challenge&code_challenge_method=S256")
    ask "$@" -d grant_type=authorization_code -d "code=$(parameter code "$answer")" \
        -d "redirect_uri=$REDIRECT_URI" -d "code_verifier=$verifier" "$ISSUER/v1/token"
}
