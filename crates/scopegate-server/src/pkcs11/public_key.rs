//! Reads the public half of a key from the token.

use cryptoki::object::{Attribute, AttributeType, ObjectHandle};
use cryptoki::session::Session;
use scopegate_jose::{Algorithm, Jwk, KeyProblem, base64url};
use serde_json::json;

use super::error::Pkcs11Error;

/// The public key as `/keys` publishes it.
pub(super) fn read(
    session: &Session,
    key: ObjectHandle,
    algorithm: Algorithm,
    kid: &str,
) -> Result<Jwk, Pkcs11Error> {
    let jwk = match algorithm {
        Algorithm::Ps256 | Algorithm::Rs256 => {
            let wanted = [AttributeType::Modulus, AttributeType::PublicExponent];
            let (mut n, mut e) = (None, None);
            for attribute in session.get_attributes(key, &wanted)? {
                match attribute {
                    Attribute::Modulus(bytes) => n = Some(bytes),
                    Attribute::PublicExponent(bytes) => e = Some(bytes),
                    _ => {}
                }
            }
            let number = |bytes: Option<Vec<u8>>| {
                let bytes = bytes.ok_or(KeyProblem::Unreadable)?;
                Ok::<_, KeyProblem>(base64url::encode(without_zeros(&bytes)))
            };
            json!({ "kty": "RSA", "n": number(n)?, "e": number(e)? })
        }
        Algorithm::Es256 => ec("P-256", 32, &point(session, key)?)?,
        Algorithm::Es384 => ec("P-384", 48, &point(session, key)?)?,
        Algorithm::EdDsa => {
            let point = point(session, key)?;
            let x = unwrapped(&point, 32).ok_or(KeyProblem::Unreadable)?;
            json!({ "kty": "OKP", "crv": "Ed25519", "x": base64url::encode(x) })
        }
        _ => return Err(Pkcs11Error::Unsupported(algorithm)),
    };
    let mut jwk = jwk;
    jwk["alg"] = algorithm.name().into();
    jwk["kid"] = kid.into();
    Ok(Jwk::parse(&jwk.to_string())?)
}

fn point(session: &Session, key: ObjectHandle) -> Result<Vec<u8>, Pkcs11Error> {
    match session.get_attributes(key, &[AttributeType::EcPoint])?.pop() {
        Some(Attribute::EcPoint(point)) => Ok(point),
        _ => Err(KeyProblem::Unreadable.into()),
    }
}

/// A point of a curve in uncompressed form (SEC 1 §2.3.3): the byte 4, then both coordinates.
fn ec(curve: &str, length: usize, point: &[u8]) -> Result<serde_json::Value, KeyProblem> {
    let point = unwrapped(point, 1 + 2 * length).ok_or(KeyProblem::Unreadable)?;
    let coordinates = point.strip_prefix(&[4]).ok_or(KeyProblem::Unreadable)?;
    let (x, y) = coordinates.split_at(length);
    let (x, y) = (base64url::encode(x), base64url::encode(y));
    Ok(json!({ "kty": "EC", "crv": curve, "x": x, "y": y }))
}

/// The content of a DER octet string with this length (PKCS#11 §6.3.3). Some tokens leave out the
/// octet string.
fn unwrapped(point: &[u8], length: usize) -> Option<&[u8]> {
    let header = [4, u8::try_from(length).ok()?];
    match point.len() {
        bare if bare == length => Some(point),
        _ => point.strip_prefix(&header).filter(|content| content.len() == length),
    }
}

/// RFC 7518 §2: a number has no leading zero bytes.
fn without_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_read_with_and_without_its_octet_string() {
        let bare = [[4].as_slice(), &[1; 64]].concat();
        let wrapped = [[4, 65].as_slice(), &bare].concat();
        assert_eq!(unwrapped(&bare, 65), Some(bare.as_slice()));
        assert_eq!(unwrapped(&wrapped, 65), Some(bare.as_slice()));
        assert_eq!(ec("P-256", 32, &wrapped), ec("P-256", 32, &bare));
        let wrong_tag = [[5, 65].as_slice(), &bare].concat();
        let compressed = [[2].as_slice(), &[1; 64]].concat();
        for wrong in [&wrong_tag, &compressed, &bare[1..].to_vec(), &Vec::new()] {
            assert_eq!(ec("P-256", 32, wrong), Err(KeyProblem::Unreadable), "{wrong:?}");
        }
        assert_eq!(without_zeros(&[0, 0, 1, 0]), [1, 0]);
    }
}
