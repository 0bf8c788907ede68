//! RFC 6750, Bearer Token Usage.

mod s2_ways_to_send_a_token;
mod s3_1_error_codes;
mod s3_challenge;
