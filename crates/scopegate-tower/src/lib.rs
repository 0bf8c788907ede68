//! A tower layer that authenticates bearer tokens offline
