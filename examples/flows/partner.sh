# shellcheck shell=bash
# Signs JWTs with the partner's private key, by bash and openssl (RFC 7515, ES256).

bytes() { printf '%b' "$(sed 's/../\\x&/g' <<<"$1")"; }

# The key is a JWK, but openssl needs DER: the private number d within fixed bytes (RFC 5915).
partner_key() {
    local d
    d=$(member d "$(tr -d ' \n' <"$(dirname "${BASH_SOURCE[0]}")/../orders-api/partner.demo.jwk.json")")
    bytes 30310201010420
    openssl base64 -d -A <<<"$(tr '_-' '/+' <<<"$d")="
    bytes a00a06082a8648ce3d030107
}

# Signs claims given as JSON, and prints the token.
signed_by_partner() {
    local signed numbers
    signed="$(printf %s '{"alg":"ES256","kid":"partner-demo"}' | base64url).$(printf %s "$1" | base64url)"
    # The signature is two numbers of 32 bytes each (RFC 7518 §3.4); openssl writes them as ASN.1.
    numbers=$(printf %s "$signed" |
        openssl dgst -sha256 -sign <(partner_key | openssl ec -inform DER 2>/dev/null) |
        openssl asn1parse -inform DER | sed -n 's/.*INTEGER *://p' |
        while read -r number; do printf '%64s' "$number"; done | tr ' ' 0)
    printf '%s.%s' "$signed" "$(bytes "$numbers" | base64url)"
}
