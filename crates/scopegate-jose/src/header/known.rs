//! A small cache of parsed headers.
//!
//! An issuer signs with the same key for weeks, so all its tokens begin with the same encoded
//! header. The cache saves parsing it again. It does not affect security: equal strings always
//! parse to the same header, and the signature is still checked.

use std::cell::RefCell;
use std::mem::MaybeUninit;

use super::Header;
use crate::{JoseError, base64url};

/// The maximum length of a cached header in encoded form. Longer headers are parsed each time.
const MAX_CACHED_LEN: usize = 256;

/// The number of headers that each thread caches, one for each issuer's signing key.
const CAPACITY: usize = 4;

/// Headers up to this decoded length need no allocation.
const ON_STACK: usize = 512;

thread_local! {
    static KNOWN: RefCell<Known> = const { RefCell::new(Known { headers: Vec::new(), next: 0 }) };
}

/// The headers that this thread parsed most recently.
struct Known {
    headers: Vec<(Box<[u8]>, Header)>,
    next: usize,
}

impl Header {
    /// Decodes and parses the first segment of a token.
    pub(crate) fn decode(segment: &[u8]) -> Result<Self, JoseError> {
        if segment.len() > MAX_CACHED_LEN {
            return read(segment);
        }
        KNOWN.with_borrow_mut(|known| {
            let found = known.headers.iter().find(|(text, _)| **text == *segment);
            if let Some((_, header)) = found {
                return Ok(header.clone());
            }
            let header = read(segment)?;
            known.remember(segment, &header);
            Ok(header)
        })
    }
}

impl Known {
    fn remember(&mut self, segment: &[u8], header: &Header) {
        let entry = (segment.into(), header.clone());
        match self.headers.get_mut(self.next) {
            Some(oldest) => *oldest = entry,
            None => self.headers.push(entry),
        }
        self.next = (self.next + 1) % CAPACITY;
    }
}

fn read(segment: &[u8]) -> Result<Header, JoseError> {
    let mut buffer = [MaybeUninit::uninit(); ON_STACK];
    let json = base64url::decode_upon(segment, &mut buffer);
    Header::parse(&json.map_err(|_| JoseError::Malformed("header"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(kid: &str) -> String {
        base64url::encode(format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#).as_bytes())
    }

    #[test]
    fn cached_headers_are_never_confused() {
        let long = "k".repeat(300);
        for kid in ["a", "b", "a", "c", "d", "e", "f", "a", &long, "b", &long] {
            let header = Header::decode(segment(kid).as_bytes()).unwrap();
            assert_eq!(header.kid(), Some(kid));
        }
    }

    #[test]
    fn an_invalid_header_is_refused_every_time() {
        let good = segment("good");
        for bad in ["", "e30", "AA=", &good[..good.len() - 1], &format!("{good}A")] {
            for _ in 0..3 {
                assert!(Header::decode(bad.as_bytes()).is_err(), "{bad}");
                assert!(Header::decode(good.as_bytes()).is_ok());
            }
        }
        KNOWN.with_borrow(|known| assert!(known.headers.len() <= CAPACITY));
    }
}
