//! RFC 9470, Step Up Authentication Challenge.

mod s3_challenge;
