use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::*;

const OPERATOR: Caller = Caller::Operator;

/// A hash of `password` with more memory than ours, from the tests of the reference implementation.
const COSTLY: &str = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ\
                      $CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

fn password(text: &str) -> Password {
    Password::given(text.to_owned()).unwrap()
}

fn is_right(checked: &PasswordCheck) -> bool {
    matches!(checked, PasswordCheck::Right { .. })
}

#[tokio::test]
async fn the_right_password_is_accepted_and_another_is_refused() {
    let passwords = Passwords::default();
    let phc = passwords.hash(password("correct horse"), OPERATOR).await.unwrap();
    let verify = |given| passwords.verify(Some(phc.clone()), password(given), OPERATOR);

    let PasswordCheck::Right { renewed } = verify("correct horse").await.unwrap() else {
        panic!("it is the right one");
    };
    assert!(renewed.is_none(), "it has the current parameters");
    assert!(!is_right(&verify("battery staple").await.unwrap()));
    assert!(!is_right(&verify("").await.unwrap()));
}

#[tokio::test]
async fn a_hash_with_other_parameters_is_renewed_by_the_right_password_only() {
    let passwords = Passwords::default();
    let verify = |phc: &str, given| {
        passwords.verify(Some(Zeroizing::new(phc.to_owned())), password(given), OPERATOR)
    };

    assert!(!is_right(&verify(COSTLY, "Password").await.unwrap()));
    let PasswordCheck::Right { renewed: Some(renewed) } = verify(COSTLY, "password").await.unwrap()
    else {
        panic!("it is right, and the parameters are others");
    };
    assert!(renewed.contains("$m=19456,t=2,p=1,keyid=bmZj$"));
    assert!(is_right(&verify(&renewed, "password").await.unwrap()));
}

#[tokio::test]
async fn without_a_hash_or_with_a_broken_one_every_password_is_wrong() {
    let passwords = Passwords::default();
    for phc in [None, Some("".to_owned()), Some("not a hash".to_owned())] {
        for given in ["", "password"] {
            let phc = phc.clone().map(Zeroizing::new);
            let checked = passwords.verify(phc, password(given), OPERATOR).await;
            assert!(!is_right(&checked.unwrap()), "{given:?}");
        }
    }
}

/// The work is measured by its memory: a cheaper dummy hash would not need as many blocks.
#[test]
fn a_check_without_a_hash_costs_as_much_as_one_with_a_hash() {
    let mut memory = Argon2Memory::default();
    let phc = hash::new(&password("correct horse"), &mut memory);
    let stored = Stored::parse(&phc).unwrap();
    let is_current =
        |stored: &Stored| stored.renewed(&password(""), &mut Argon2Memory::default()).is_none();
    assert!(is_current(&stored) && is_current(&Stored::of_no_password()));
    // And the hash is computed: afterwards its memory is allocated.
    let mut untouched = Argon2Memory::default();
    assert!(!is_right(&check(None, &password("battery staple"), &mut untouched)));
    assert_eq!(untouched.len(), memory.len());
}

/// Polls each future once. Returns those that wait now, and the number of refused ones.
fn begun<T: Future<Output = Result<PasswordCheck, Busy>>>(
    asks: impl Iterator<Item = T>,
) -> (Vec<Pin<Box<T>>>, usize) {
    let (mut waiting, mut refused) = (Vec::new(), 0);
    for mut ask in asks.map(Box::pin) {
        match ask.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Err(Busy)) => refused += 1,
            _ => waiting.push(ask),
        }
    }
    (waiting, refused)
}

#[tokio::test]
async fn when_too_many_passwords_wait_the_next_one_fails_as_busy() {
    let passwords = Passwords::default();
    let ask = |caller| passwords.verify(None, password("battery staple"), caller);
    let (waiting, refused) = begun((0..200).map(|_| ask(OPERATOR)));
    assert!(refused > 0, "there is a bound");
    // The callers disconnect: their jobs leave the queue, and the next one is served.
    drop(waiting);
    assert_eq!(passwords.waiting(), 0);
    assert!(ask(OPERATOR).await.is_ok());
}

#[tokio::test]
async fn an_address_that_disconnects_and_comes_again_keeps_no_other_address_out() {
    let passwords = Passwords::default();
    let ask = |address: [u8; 4]| {
        let caller = Caller::Stranger(Some(address.into()));
        passwords.verify(None, password("battery staple"), caller)
    };
    for _ in 0..20 {
        let (waiting, _) = begun((0..100).map(|_| ask([192, 0, 2, 1])));
        assert!(passwords.waiting() <= 8, "{} wait", passwords.waiting());
        // Other addresses have places meanwhile.
        let (others, refused) = begun((0..40).map(|other| ask([198, 51, 100, other])));
        assert_eq!((others.len(), refused), (40, 0));
        drop((waiting, others));
        assert_eq!(passwords.waiting(), 0);
    }
    assert!(ask([198, 51, 100, 1]).await.is_ok());
}

#[tokio::test]
async fn passwords_are_not_hashed_on_the_threads_of_the_runtime() {
    let passwords = Passwords::default();
    let hashes =
        (0..waiting::MAX_WAITING).map(|_| passwords.hash(password("correct horse"), OPERATOR));
    let mut hashes: Vec<_> = hashes.map(Box::pin).collect();
    let mut context = Context::from_waker(Waker::noop());
    let polled = hashes.iter_mut().map(|hash| hash.as_mut().poll(&mut context));
    assert!(
        polled.filter(Poll::is_pending).count() > 0,
        "they were computed on the runtime's thread"
    );
}

#[test]
fn debug_shows_no_hash() {
    let right = PasswordCheck::Right { renewed: Some(Zeroizing::new("$argon2id$".into())) };
    assert_eq!(format!("{right:?} {:?}", Passwords::default()), "Right Passwords { .. }");
}
