//! Headers that were read before.
//!
//! An issuer signs with one key for weeks, and every token that it signs begins with the same letters.
//! What they say was read then. Nothing is believed for it: the same text is the same header, whoever
//! sends it.

use std::cell::RefCell;
use std::mem::MaybeUninit;

use super::Header;
use crate::{JoseError, base64url};

/// The longest header that is remembered, encoded; longer ones are read each time.
const LONGEST: usize = 256;

/// So many issuers and keys take turns in one thread before a header is read again.
const MOST: usize = 4;

/// Headers up to this length are decoded without an allocation.
const ON_STACK: usize = 512;

thread_local! {
    static KNOWN: RefCell<Known> = const { RefCell::new(Known { headers: Vec::new(), next: 0 }) };
}

/// The headers that this thread has read last.
struct Known {
    headers: Vec<(Box<[u8]>, Header)>,
    next: usize,
}

impl Header {
    /// Reads the first segment of a token.
    pub(crate) fn decode(segment: &[u8]) -> Result<Self, JoseError> {
        if segment.len() > LONGEST {
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
        self.next = (self.next + 1) % MOST;
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
    fn whatever_came_before_a_header_is_read_as_it_is() {
        let long = "k".repeat(300);
        for kid in ["a", "b", "a", "c", "d", "e", "f", "a", &long, "b", &long] {
            let header = Header::decode(segment(kid).as_bytes()).unwrap();
            assert_eq!(header.kid(), Some(kid));
        }
    }

    #[test]
    fn what_is_no_header_is_refused_each_time() {
        let good = segment("good");
        for bad in ["", "e30", "AA=", &good[..good.len() - 1], &format!("{good}A")] {
            for _ in 0..3 {
                assert!(Header::decode(bad.as_bytes()).is_err(), "{bad}");
                assert!(Header::decode(good.as_bytes()).is_ok());
            }
        }
        KNOWN.with_borrow(|known| assert!(known.headers.len() <= MOST));
    }
}
