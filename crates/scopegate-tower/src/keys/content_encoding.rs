//! Decodes the body of an answer by its `Content-Encoding` (RFC 9110 §8.4).

use std::io::Read;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http::header::{CONTENT_ENCODING, HeaderMap, HeaderValue};

use super::fetch::MAX_DOCUMENT_LEN;

/// The `Accept-Encoding` of a request. An answer in another encoding is an error.
pub(super) const ACCEPTED: HeaderValue = HeaderValue::from_static("gzip");

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Why a body cannot be decoded.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum DecodeError {
    /// The body is not valid gzip.
    Invalid,
    /// The body is larger than [`MAX_DOCUMENT_LEN`], as it was sent or decompressed.
    TooLarge,
    /// The encoding was not requested.
    Unsupported(String),
}

/// The document in a body: decompressed, and without a byte order mark.
///
/// IIS sends the mark before JSON documents. RFC 8259 §8.1 allows ignoring it.
pub(super) fn decode(headers: &HeaderMap, body: Bytes) -> Result<Bytes, DecodeError> {
    if body.len() > MAX_DOCUMENT_LEN {
        return Err(DecodeError::TooLarge);
    }
    let document = if is_gzip(headers)? { inflate(&body)? } else { body };
    Ok(match document.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => document.slice_ref(rest),
        None => document,
    })
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, DecodeError> {
    let mut values = headers.get_all(CONTENT_ENCODING).iter();
    let Some(value) = values.next() else { return Ok(false) };
    let unsupported = || {
        let all = headers.get_all(CONTENT_ENCODING).iter();
        let all: Vec<_> = all.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        DecodeError::Unsupported(all.join(", "))
    };
    if values.next().is_some() {
        return Err(unsupported());
    }
    // RFC 9110 §8.4.1.3: `x-gzip` is equivalent to `gzip`.
    match value.to_str().map(str::trim).unwrap_or_default() {
        name if ["gzip", "x-gzip"].iter().any(|gzip| name.eq_ignore_ascii_case(gzip)) => Ok(true),
        name if name.eq_ignore_ascii_case("identity") => Ok(false),
        _ => Err(unsupported()),
    }
}

/// Decompresses a body, and stops at the limit: a few kilobytes can hold gigabytes of zeros.
fn inflate(body: &[u8]) -> Result<Bytes, DecodeError> {
    // One byte more than allowed, to notice a longer document. The buffer never grows.
    let limit = MAX_DOCUMENT_LEN + 1;
    let mut document = Vec::with_capacity(limit);
    let decoder = MultiGzDecoder::new(body);
    decoder.take(limit as u64).read_to_end(&mut document).map_err(|_| DecodeError::Invalid)?;
    if document.len() > MAX_DOCUMENT_LEN {
        return Err(DecodeError::TooLarge);
    }
    Ok(document.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(document: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(document).unwrap();
        encoder.finish().unwrap()
    }

    fn decode_as(encodings: &[&'static str], body: &[u8]) -> Result<Bytes, DecodeError> {
        let mut headers = HeaderMap::new();
        for encoding in encodings {
            headers.append(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        decode(&headers, Bytes::copy_from_slice(body))
    }

    #[test]
    fn a_document_is_decoded_by_its_content_encoding() {
        let document = br#"{"keys":[]}"#;
        for encoding in ["gzip", "GZIP", "x-gzip", " gzip "] {
            assert_eq!(decode_as(&[encoding], &gzip(document)).unwrap()[..], document[..]);
        }
        assert_eq!(decode_as(&[], document).unwrap()[..], document[..]);
        assert_eq!(decode_as(&["Identity"], document).unwrap()[..], document[..]);
        // RFC 1952 §2.2: a file may have several members.
        let members = [gzip(b"{\"keys\""), gzip(b":[]}")].concat();
        assert_eq!(decode_as(&["gzip"], &members).unwrap()[..], document[..]);
    }

    #[test]
    fn an_encoding_that_was_not_requested_is_refused_and_named() {
        for encodings in
            [&["br"][..], &["deflate"], &["zstd"], &["gzip, gzip"], &["gzip", "br"], &[""], &["*"]]
        {
            let error = decode_as(encodings, &gzip(b"{}")).unwrap_err();
            assert_eq!(error, DecodeError::Unsupported(encodings.join(", ")));
        }
    }

    #[test]
    fn damaged_gzip_is_refused() {
        let whole = gzip(b"{\"keys\":[]}");
        let (mut checksum, mut magic) = (whole.clone(), whole.clone());
        let at = whole.len() - 8;
        checksum[at] ^= 1;
        magic[0] ^= 1;
        for damaged in [&whole[..whole.len() - 1], &whole[..12], &checksum, &magic, b"{}", b""] {
            assert_eq!(decode_as(&["gzip"], damaged), Err(DecodeError::Invalid));
        }
    }

    #[test]
    fn a_document_is_at_most_1_mib_as_sent_and_decompressed() {
        assert_eq!(MAX_DOCUMENT_LEN, 1024 * 1024);
        let largest = vec![b' '; MAX_DOCUMENT_LEN];
        let larger = vec![b' '; MAX_DOCUMENT_LEN + 1];
        assert!(decode_as(&[], &largest).is_ok());
        assert!(decode_as(&["gzip"], &gzip(&largest)).is_ok());
        assert_eq!(decode_as(&[], &larger), Err(DecodeError::TooLarge));
        assert_eq!(decode_as(&["gzip"], &gzip(&larger)), Err(DecodeError::TooLarge));
        // 1 GiB of zeros in less than 1 MiB, as members that are repeated.
        let bomb = gzip(&vec![0; 16 * 1024 * 1024]).repeat(60);
        assert!(bomb.len() < MAX_DOCUMENT_LEN);
        assert_eq!(decode_as(&["gzip"], &bomb), Err(DecodeError::TooLarge));
        // A compressed body is bounded too, whatever it holds.
        assert_eq!(decode_as(&["gzip"], &larger), Err(DecodeError::TooLarge));
    }

    #[test]
    fn the_buffer_never_grows_beyond_the_limit() {
        let document = inflate(&gzip(&vec![b' '; MAX_DOCUMENT_LEN])).unwrap();
        let buffer: Vec<u8> = document.into();
        assert!(buffer.capacity() <= MAX_DOCUMENT_LEN + 1, "{}", buffer.capacity());
    }

    #[test]
    fn a_byte_order_mark_before_a_document_is_ignored() {
        let marked = b"\xef\xbb\xbf{}";
        assert_eq!(decode_as(&[], marked).unwrap()[..], b"{}"[..]);
        assert_eq!(decode_as(&["gzip"], &gzip(marked)).unwrap()[..], b"{}"[..]);
        let twice = b"\xef\xbb\xbf\xef\xbb\xbf{}";
        assert_eq!(decode_as(&[], twice).unwrap()[..], marked[..], "only once");
    }
}
