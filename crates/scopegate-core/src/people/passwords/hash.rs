//! Argon2id hashes as PHC strings: `$argon2id$v=19$m=19456,t=2,p=1,keyid=bmZj$salt$hash`.
//!
//! The `keyid` says that the hash was made from the normal form of the password. Argon2 does not
//! include the `keyid` in the hash, so other programs can verify it too. A hash without a `keyid`
//! was made from the password as it was typed: by an earlier version, or by another program.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, KeyId, Params, ParamsBuilder, Version};
use scopegate_jose::{constant_time_eq, random_bytes};
use zeroize::Zeroizing;

use super::Password;
use super::password::Form;

/// The parameters of new hashes: the minimum of OWASP's Password Storage Cheat Sheet for Argon2id,
/// with 19 MiB, two passes and one lane. The output has 32 bytes.
const CURRENT: Params = Params::DEFAULT;

/// The `keyid` of a hash that was made from the normal form.
const NORMAL: &[u8] = b"nfc";

/// The maximum memory of a hash from another program, in KiB. More would let one sign-in use too
/// many resources. The same holds for passes and lanes.
const MAX_MEMORY: u32 = 64 * 1024;
const MAX_PASSES: u32 = 10;
const MAX_LANES: u32 = 4;

const SALT_LENGTH: usize = 16;
const HASH_LENGTH: usize = Params::DEFAULT_OUTPUT_LEN;

/// Why a text is not an acceptable password hash.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidHash {
    /// It is not a PHC string.
    #[error(
        "not a password hash such as $argon2id$v=19$m=19456,t=2,p=1$SALT$HASH: write what `scopegate users hash` prints"
    )]
    Malformed,
    /// It was made by another algorithm.
    #[error(
        "the hash is not one of Argon2id, version 19: write what `scopegate users hash` prints"
    )]
    OtherAlgorithm,
    /// Checking it would use more memory or time than the server allows for one sign-in.
    #[error("a password hash has at most m={MAX_MEMORY}, t={MAX_PASSES}, p={MAX_LANES}")]
    TooCostly,
    /// Its memory, salt or output is too small to protect the password.
    #[error("a password hash has at least m=7168, a salt of 8 bytes and a hash of 16 bytes")]
    TooWeak,
}

/// Checks that a text is an acceptable password hash.
///
/// # Errors
///
/// [`InvalidHash`] if it is not.
pub fn check_hash(phc: &str) -> Result<(), InvalidHash> {
    Stored::parse(phc).map(|_| ())
}

/// The working memory of Argon2, reused between hashes.
#[derive(Default)]
pub(super) struct Argon2Memory(Vec<Block>);

impl Argon2Memory {
    /// Releases the memory.
    pub(super) fn release(&mut self) {
        self.0 = Vec::new();
    }

    /// The number of blocks that are allocated.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    fn blocks(&mut self, params: &Params) -> &mut [Block] {
        self.0.resize(params.block_count().max(self.0.len()), Block::new());
        &mut self.0
    }
}

/// A parsed hash, with its parameters and its salt.
pub(super) struct Stored {
    params: Params,
    salt: Salt,
    hash: Output,
}

impl Stored {
    pub(super) fn parse(phc: &str) -> Result<Self, InvalidHash> {
        let parsed = PasswordHash::new(phc).map_err(|_| InvalidHash::Malformed)?;
        let version = parsed.version.map(Version::try_from);
        let algorithm = Algorithm::try_from(parsed.algorithm.as_str());
        if algorithm != Ok(Algorithm::Argon2id) || version != Some(Ok(Version::V0x13)) {
            return Err(InvalidHash::OtherAlgorithm);
        }
        let params = Params::try_from(&parsed).map_err(|_| InvalidHash::Malformed)?;
        if params.m_cost() > MAX_MEMORY
            || params.t_cost() > MAX_PASSES
            || params.p_cost() > MAX_LANES
        {
            return Err(InvalidHash::TooCostly);
        }
        let (Some(salt), Some(hash)) = (parsed.salt, parsed.hash) else {
            return Err(InvalidHash::Malformed);
        };
        // The minimum memory in the Cheat Sheet, where it goes with five passes.
        if params.m_cost() < 7 * 1024 || salt.len() < 8 || hash.len() < 16 {
            return Err(InvalidHash::TooWeak);
        }
        Ok(Self { params, salt, hash })
    }

    /// A hash that no password matches, with the parameters of new hashes.
    pub(super) fn of_no_password() -> Self {
        let salt = Salt::new(&[0; SALT_LENGTH]).expect("16 bytes are a salt");
        let hash = Output::new(&[0; HASH_LENGTH]).expect("32 bytes are a hash");
        Self { params: normal_params(), salt, hash }
    }

    fn form(&self) -> Form {
        if self.params.keyid() == NORMAL { Form::Normal } else { Form::Typed }
    }

    pub(super) fn matches(&self, given: &Password, memory: &mut Argon2Memory) -> bool {
        let mut computed = Zeroizing::new([0; Output::MAX_LENGTH]);
        let computed = &mut computed[..self.hash.len()];
        compute(&self.params, &self.salt, given.bytes(self.form()), computed, memory);
        constant_time_eq(computed, self.hash.as_bytes())
    }

    /// The hash to store instead of this one, after the password matched; `None` if this one is
    /// like the hashes that are made now.
    pub(super) fn renewed(
        &self,
        password: &Password,
        memory: &mut Argon2Memory,
    ) -> Option<Zeroizing<String>> {
        match (self.has_current_cost(), self.form()) {
            (true, Form::Normal) => None,
            // The password was typed in its normal form, so the hash is right. Only the `keyid` is
            // missing.
            (true, Form::Typed) if password.is_normal() => Some(text(&self.salt, &self.hash)),
            (_, _) => Some(new(password, memory)),
        }
    }

    fn has_current_cost(&self) -> bool {
        let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        cost(&self.params) == cost(&CURRENT)
            && self.params.data().is_empty()
            && self.salt.len() == SALT_LENGTH
            && self.hash.len() == HASH_LENGTH
    }
}

/// The parameters of new hashes.
fn normal_params() -> Params {
    let keyid = KeyId::new(NORMAL).expect("three bytes are a key id");
    let (memory, passes, lanes) = (CURRENT.m_cost(), CURRENT.t_cost(), CURRENT.p_cost());
    let mut params = ParamsBuilder::new();
    params.m_cost(memory).t_cost(passes).p_cost(lanes).keyid(keyid);
    params.build().expect("they are the defaults of Argon2, with a key id")
}

/// Hashes a password with a new salt.
pub(super) fn new(password: &Password, memory: &mut Argon2Memory) -> Zeroizing<String> {
    let salt = Salt::new(&random_bytes::<SALT_LENGTH>()).expect("16 bytes are a salt");
    let mut hash = Zeroizing::new([0; HASH_LENGTH]);
    compute(&CURRENT, &salt, password.bytes(Form::Normal), &mut *hash, memory);
    text(&salt, &Output::new(&*hash).expect("32 bytes are a hash"))
}

/// The PHC string of a hash that was made from a normal form.
fn text(salt: &Salt, hash: &Output) -> Zeroizing<String> {
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&normal_params()).expect("the parameters can be written"),
        salt: Some(*salt),
        hash: Some(*hash),
    };
    Zeroizing::new(hash.to_string())
}

fn compute(
    params: &Params,
    salt: &Salt,
    password: &[u8],
    hash: &mut [u8],
    memory: &mut Argon2Memory,
) {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let blocks = memory.blocks(params);
    argon2
        .hash_password_into_with_memory(password, salt, hash, blocks)
        .expect("the parameters, the salt and the lengths were checked");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::given(text.to_owned()).unwrap()
    }

    /// Made by the reference implementation: `argon2 somesalt -id -t 2 -m 16 -p 1`, from its tests.
    const REFERENCE: &str = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ\
                             $CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

    #[test]
    fn a_hash_of_the_reference_implementation_can_be_verified() {
        let stored = Stored::parse(REFERENCE).unwrap();
        let mut memory = Argon2Memory::default();
        assert!(stored.matches(&password("password"), &mut memory));
        assert!(!stored.matches(&password("Password"), &mut memory));
        assert!(!stored.has_current_cost() && stored.form() == Form::Typed);
    }

    #[test]
    fn a_new_hash_has_the_minimum_cost_of_owasp_and_its_own_salt() {
        let mut memory = Argon2Memory::default();
        let phc = new(&password("correct horse"), &mut memory);
        assert!(
            phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1,keyid=bmZj$"),
            "the cost is another"
        );
        assert_ne!(phc, new(&password("correct horse"), &mut memory));
        let stored = Stored::parse(&phc).unwrap();
        assert!(stored.renewed(&password("correct horse"), &mut memory).is_none());
        assert!(stored.matches(&password("correct horse"), &mut memory));
        for wrong in ["", "correct hors", "correct horse ", "Correct horse"] {
            assert!(!stored.matches(&password(wrong), &mut memory), "{wrong}");
        }
    }

    /// A hash as earlier versions made it: of the password as it was typed.
    fn hash_of_typed(text: &str, memory: &mut Argon2Memory) -> String {
        let typed = Password::given(text.to_owned()).unwrap();
        let (salt, mut hash) = (Salt::new(&[7; SALT_LENGTH]).unwrap(), [0; HASH_LENGTH]);
        compute(&CURRENT, &salt, typed.bytes(Form::Typed), &mut hash, memory);
        super::text(&salt, &Output::new(&hash).unwrap()).replace(",keyid=bmZj", "")
    }

    #[test]
    fn a_hash_says_which_form_it_was_made_from_and_is_compared_with_that_form_only() {
        const COMPOSED: &str = "cr\u{e8}me br\u{fb}l\u{e9}e";
        const APART: &str = "cre\u{300}me bru\u{302}le\u{301}e";
        let mut memory = Argon2Memory::default();
        let now = Stored::parse(&new(&password(APART), &mut memory)).unwrap();
        for spelling in [COMPOSED, APART] {
            assert!(now.matches(&password(spelling), &mut memory));
        }
        for (before, kept, other) in [(COMPOSED, COMPOSED, APART), (APART, APART, COMPOSED)] {
            let before = Stored::parse(&hash_of_typed(before, &mut memory)).unwrap();
            assert!(before.matches(&password(kept), &mut memory));
            assert!(!before.matches(&password(other), &mut memory));
            let renewed = before.renewed(&password(kept), &mut memory).unwrap();
            let renewed = Stored::parse(&renewed).unwrap();
            assert_eq!(renewed.form(), Form::Normal);
            // If the password was typed in its normal form, the hash stays the same.
            assert_eq!(renewed.hash == before.hash, kept == COMPOSED);
            for spelling in [COMPOSED, APART] {
                assert!(renewed.matches(&password(spelling), &mut memory));
            }
            assert!(renewed.renewed(&password(other), &mut memory).is_none());
        }
    }

    #[test]
    fn a_program_that_ignores_the_keyid_can_verify_the_hash_of_an_ascii_password() {
        let mut memory = Argon2Memory::default();
        let phc = new(&password("correct horse"), &mut memory);
        let before = Stored::parse(&phc.replace(",keyid=bmZj", "")).unwrap();
        assert!(before.matches(&password("correct horse"), &mut memory));
    }

    #[test]
    fn a_hash_with_other_parameters_is_refused() {
        let with = |from: &str, to: &str| REFERENCE.replace(from, to);
        for (phc, error) in [
            (String::new(), InvalidHash::Malformed),
            ("correct horse".into(), InvalidHash::Malformed),
            (with("argon2id", "argon2i"), InvalidHash::OtherAlgorithm),
            (with("argon2id", "argon2d"), InvalidHash::OtherAlgorithm),
            (with("argon2id", "scrypt"), InvalidHash::OtherAlgorithm),
            (with("v=19", "v=16"), InvalidHash::OtherAlgorithm),
            (with("$v=19", ""), InvalidHash::OtherAlgorithm),
            (with("m=65536", "m=65537"), InvalidHash::TooCostly),
            (with("t=2", "t=11"), InvalidHash::TooCostly),
            (with("p=1", "p=5"), InvalidHash::TooCostly),
            (with("m=65536", "m=1024"), InvalidHash::TooWeak),
            (with("$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", ""), InvalidHash::Malformed),
        ] {
            assert_eq!(check_hash(&phc), Err(error), "{phc}");
        }
        assert_eq!(check_hash(REFERENCE), Ok(()));
    }
}
