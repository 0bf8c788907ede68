//! The few tokens that a hash leads to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use scopegate_claims::UnixTime;
use scopegate_jose::Verified;

use super::{Proof, Sought};

/// How many tokens there are in a set at most.
pub(super) const WAYS: usize = 8;

/// A few tokens, in a ring: who came first gives way first, unless he came again since.
///
/// What tells that a token is not there is together with the lock in 64 bytes.
#[derive(Default)]
#[repr(align(64))]
pub(super) struct Set {
    /// A part of the hash of each.
    tags: [u16; WAYS],
    /// How often each is to be passed over because it came again: two bits each.
    came_again: AtomicU16,
    /// Who gives way next.
    next: u8,
    proofs: Vec<Proof>,
}

pub(super) enum Found {
    Nothing,
    Good(Arc<Verified>),
    /// What was found is no longer good.
    Ended,
}

impl Set {
    pub(super) fn find(&self, sought: &Sought<'_>, now: UnixTime) -> Found {
        let Some(way) = self.way(sought) else { return Found::Nothing };
        let proof = &self.proofs[way];
        if !proof.holds(now) {
            return Found::Ended;
        }
        // Written once, so that threads which bring the same token do not contend for it.
        if self.came_again.load(Ordering::Relaxed) & bits(way) != bits(way) {
            self.came_again.fetch_or(bits(way), Ordering::Relaxed);
        }
        Found::Good(Arc::clone(&proof.token))
    }

    /// Takes a token in, and gives who had to go for it: the same token as it was verified before, or,
    /// where no place is free or the cache is full, another one. Nobody goes who came again while there
    /// is a place.
    pub(super) fn insert(
        &mut self,
        sought: &Sought<'_>,
        proof: Proof,
        full: bool,
    ) -> Option<Proof> {
        let way = match self.way(sought) {
            Some(way) => way,
            // If all came again, it is somebody's turn after they were passed over often enough.
            None if self.proofs.len() == WAYS => loop {
                if let Some(way) = self.turn() {
                    break way;
                }
            },
            None if full => self.turn().unwrap_or(self.proofs.len()),
            None => self.proofs.len(),
        };
        self.tags[way] = tag(sought.hash);
        *self.came_again.get_mut() &= !bits(way);
        match self.proofs.get_mut(way) {
            Some(before) => Some(std::mem::replace(before, proof)),
            None => {
                self.proofs.push(proof);
                None
            }
        }
    }

    /// Lets go of the one whose turn it is, if there is one.
    pub(super) fn give_way(&mut self) -> Option<Proof> {
        self.turn().map(|way| self.take(way))
    }

    /// Takes a token out, unless it is good.
    pub(super) fn forget(&mut self, sought: &Sought<'_>, now: UnixTime) -> Option<Proof> {
        let way = self.way(sought)?;
        if self.proofs[way].holds(now) { None } else { Some(self.take(way)) }
    }

    /// Whose turn it is to give way, unless all came again: then each is passed over once more.
    fn turn(&mut self) -> Option<usize> {
        let len = self.proofs.len();
        let came_again = self.came_again.get_mut();
        for _ in 0..len {
            let way = usize::from(self.next) % len;
            self.next = way as u8 + 1;
            if *came_again & bits(way) == 0 {
                return Some(way);
            }
            *came_again -= 1 << (2 * way);
        }
        None
    }

    /// Takes one out; the last takes the place.
    fn take(&mut self, way: usize) -> Proof {
        let last = self.proofs.len() - 1;
        self.tags[way] = self.tags[last];
        let came_again = self.came_again.get_mut();
        let often = *came_again >> (2 * last) & 0b11;
        *came_again &= !(bits(way) | bits(last));
        if way != last {
            *came_again |= often << (2 * way);
        }
        self.proofs.swap_remove(way)
    }

    fn way(&self, sought: &Sought<'_>) -> Option<usize> {
        let tag = tag(sought.hash);
        let tags = self.tags[..self.proofs.len()].iter().enumerate();
        let mut ways = tags.filter(|(_, known)| **known == tag).map(|(way, _)| way);
        ways.find(|&way| self.proofs[way].token.as_bytes() == sought.token)
    }
}

/// The bits of a hash that do not choose the set.
fn tag(hash: u64) -> u16 {
    (hash >> 48) as u16
}

fn bits(way: usize) -> u16 {
    0b11 << (2 * way)
}
