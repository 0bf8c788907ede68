//! RFC 8725, JSON Web Token Best Current Practices: the rules of §3 for verifiers.

mod s3_11_and_s3_12_kinds;
mod s3_1_to_s3_5_cryptography;
mod s3_6_and_s3_7_encodings;
mod s3_8_to_s3_10_claims;
