use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::*;

const OPERATOR: Caller = Caller::Operator;

/// `password`, at another cost than ours; from the tests of the reference implementation.
const COSTLY: &str = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ\
                      $CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

fn password(text: &str) -> Password {
    Password::given(text.to_owned()).unwrap()
}

fn is_right(verdict: &PasswordCheck) -> bool {
    matches!(verdict, PasswordCheck::Right { .. })
}

#[tokio::test]
async fn a_password_is_known_again_and_another_is_not() {
    let passwords = Passwords::default();
    let phc = passwords.hash(password("correct horse"), OPERATOR).await.unwrap();
    let verify = |given| passwords.verify(Some(phc.clone()), password(given), OPERATOR);

    let PasswordCheck::Right { renewed } = verify("correct horse").await.unwrap() else {
        panic!("it is the right one");
    };
    assert!(renewed.is_none(), "the cost is ours");
    assert!(!is_right(&verify("battery staple").await.unwrap()));
    assert!(!is_right(&verify("").await.unwrap()));
}

#[tokio::test]
async fn a_hash_of_another_cost_is_renewed_by_the_right_password_only() {
    let passwords = Passwords::default();
    let verify = |phc: &str, given| {
        passwords.verify(Some(Zeroizing::new(phc.to_owned())), password(given), OPERATOR)
    };

    assert!(!is_right(&verify(COSTLY, "Password").await.unwrap()));
    let PasswordCheck::Right { renewed: Some(renewed) } = verify(COSTLY, "password").await.unwrap()
    else {
        panic!("it is right, and the cost is another");
    };
    assert!(renewed.contains("$m=19456,t=2,p=1,keyid=bmZj$"));
    assert!(is_right(&verify(&renewed, "password").await.unwrap()));
}

#[tokio::test]
async fn nobody_has_no_password_and_neither_has_a_broken_hash() {
    let passwords = Passwords::default();
    for phc in [None, Some("".to_owned()), Some("not a hash".to_owned())] {
        for given in ["", "password"] {
            let phc = phc.clone().map(Zeroizing::new);
            let verdict = passwords.verify(phc, password(given), OPERATOR).await;
            assert!(!is_right(&verdict.unwrap()), "{given:?}");
        }
    }
}

/// The work is counted by its memory: a dummy that were cheaper would not need the blocks.
#[test]
fn nobody_costs_as_much_as_somebody() {
    let mut memory = Argon2Memory::default();
    let phc = hash::new(&password("correct horse"), &mut memory);
    let somebody = Stored::parse(&phc).unwrap();
    let is_current =
        |stored: &Stored| stored.renewed(&password(""), &mut Argon2Memory::default()).is_none();
    assert!(is_current(&somebody) && is_current(&Stored::of_nobody()));
    // And it is computed: the memory that it takes is there afterwards.
    let mut untouched = Argon2Memory::default();
    assert!(!is_right(&verdict(None, &password("battery staple"), &mut untouched)));
    assert_eq!(untouched.len(), memory.len());
}

/// Polls futures once: those that wait now, and how many were refused.
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
async fn more_than_can_wait_are_told_that_the_server_is_busy() {
    let passwords = Passwords::default();
    let ask = |caller| passwords.verify(None, password("battery staple"), caller);
    let (waiting, refused) = begun((0..200).map(|_| ask(OPERATOR)));
    assert!(refused > 0, "there is a bound");
    // Nobody waits for these any more: they leave their places, and the next one is served.
    drop(waiting);
    assert_eq!(passwords.waiting(), 0);
    assert!(ask(OPERATOR).await.is_ok());
}

#[tokio::test]
async fn one_address_that_hangs_up_and_comes_again_keeps_nobody_out() {
    let passwords = Passwords::default();
    let ask = |address: [u8; 4]| {
        let caller = Caller::Stranger(Some(address.into()));
        passwords.verify(None, password("battery staple"), caller)
    };
    for _ in 0..20 {
        let (waiting, _) = begun((0..100).map(|_| ask([192, 0, 2, 1])));
        assert!(passwords.waiting() <= 8, "{} wait", passwords.waiting());
        // Everybody else has a place meanwhile.
        let (others, refused) = begun((0..40).map(|other| ask([198, 51, 100, other])));
        assert_eq!((others.len(), refused), (40, 0));
        drop((waiting, others));
        assert_eq!(passwords.waiting(), 0);
    }
    assert!(ask([198, 51, 100, 1]).await.is_ok());
}

#[tokio::test]
async fn the_runtime_goes_on_while_passwords_are_hashed() {
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
    let verdict = PasswordCheck::Right { renewed: Some(Zeroizing::new("$argon2id$".into())) };
    assert_eq!(format!("{verdict:?} {:?}", Passwords::default()), "Right Passwords { .. }");
}
