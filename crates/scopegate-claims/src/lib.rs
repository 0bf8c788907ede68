//! The claims model that issuers, verifiers and services share
