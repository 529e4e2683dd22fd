//! An issuer's keys over time.

use super::*;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

struct World {
    published: Published,
    verifier: Verifier,
}

impl World {
    fn of(signers: &[&Signer]) -> Self {
        let published = Published::default();
        let verifier = verifier(ISSUER, published.source());
        let world = Self { published, verifier };
        world.publish(signers);
        world
    }

    fn publish(&self, signers: &[&Signer]) {
        self.published
            .set(&signers.iter().map(|signer| signer.public()).collect::<Vec<_>>());
    }

    /// Calls at this time with a token of this signer that is good then.
    async fn call(&self, signer: &Signer, now: Timestamp) -> Result<(), AuthError> {
        let times = json!({"nbf": null, "exp": now.as_second() + 1});
        let token = signer.sign(&with(&good(), &times));
        self.verifier.caller(&bearing(&token), now).await.map(drop)
    }

    #[track_caller]
    fn asked(&self, times: usize) {
        assert_eq!(self.published.fetches(), times, "how often the issuer was asked");
    }
}

const UNKNOWN: Result<(), AuthError> = Err(AuthError::Invalid("its key is not one of the issuer"));

#[tokio::test]
async fn keys_are_fetched_when_they_are_needed_and_then_kept() {
    let one = Signer::ec("one");
    let world = World::of(&[&one]);
    world.asked(0);
    for seconds in [0, 1, MINUTE, HOUR - 1] {
        world.call(&one, after(seconds)).await.unwrap();
    }
    world.asked(1);
    world.call(&one, after(HOUR)).await.unwrap();
    world.asked(2);
}

#[tokio::test]
async fn what_cannot_be_a_token_asks_for_no_key() {
    let world = World::of(&[]);
    for headers in [HeaderMap::new(), bearing("a.b.c"), bearing("eyJhbGciOiJub25lIn0.e30.")] {
        world.verifier.caller(&headers, noon()).await.unwrap_err();
    }
    world.asked(0);
}

#[tokio::test]
async fn a_new_key_is_believed_as_soon_as_it_is_published() {
    let (one, two) = (Signer::ec("one"), Signer::rsa("two"));
    let world = World::of(&[&one]);
    world.call(&one, noon()).await.unwrap();
    world.publish(&[&one, &two]);
    // The issuer was asked just now.
    assert_eq!(world.call(&two, after(MINUTE - 1)).await, UNKNOWN);
    world.asked(1);
    world.call(&two, after(MINUTE)).await.unwrap();
    world.call(&one, after(MINUTE)).await.unwrap();
    world.asked(2);
}

#[tokio::test]
async fn a_key_that_was_taken_back_is_refused_within_the_hour() {
    let (one, two) = (Signer::ec("one"), Signer::ec("two"));
    let world = World::of(&[&one, &two]);
    world.call(&one, noon()).await.unwrap();
    world.publish(&[&two]);
    world.call(&one, after(HOUR - 1)).await.unwrap();
    assert_eq!(world.call(&one, after(HOUR)).await, UNKNOWN);
    world.call(&two, after(HOUR)).await.unwrap();
    world.asked(2);
    // The same when another token brings the news.
    world.publish(&[&one]);
    world.call(&one, after(HOUR + MINUTE)).await.unwrap();
    assert_eq!(world.call(&two, after(HOUR + MINUTE)).await, UNKNOWN);
    world.publish(&[]);
    assert_eq!(
        world.call(&one, after(3 * HOUR)).await,
        UNKNOWN,
        "an issuer may have no key"
    );
}

#[tokio::test]
async fn a_flood_of_unknown_keys_asks_once_a_minute() {
    let (one, unknown) = (Signer::ec("one"), Signer::ec("unknown"));
    let world = World::of(&[&one]);
    world.call(&one, noon()).await.unwrap();
    for minute in 1..=3 {
        for second in [0, 1, 30, MINUTE - 1] {
            for id in 0..20 {
                let id = Some(format!("{minute}-{second}-{id}"));
                let stranger = Signer {
                    id,
                    key: unknown.key.clone(),
                    ..unknown
                };
                assert_eq!(world.call(&stranger, after(minute * MINUTE + second)).await, UNKNOWN);
            }
            world.call(&one, after(minute * MINUTE + second)).await.unwrap();
        }
        world.asked(1 + usize::try_from(minute).unwrap());
    }
}

#[tokio::test]
async fn known_keys_serve_for_a_day_without_their_issuer() {
    let (one, two) = (Signer::ec("one"), Signer::ec("two"));
    let world = World::of(&[&one]);
    world.call(&one, noon()).await.unwrap();
    for broken in ["", "{}", "<html>", r#"{"keys":{}}"#] {
        world.published.break_to(broken);
        world.call(&one, after(HOUR - 1)).await.unwrap();
    }
    world.asked(1);
    world.call(&one, after(2 * HOUR)).await.unwrap();
    world.call(&one, after(2 * HOUR + MINUTE - 1)).await.unwrap();
    assert_eq!(world.call(&two, after(2 * HOUR + MINUTE - 1)).await, UNKNOWN);
    world.asked(2);
    world.call(&one, after(24 * HOUR - 1)).await.unwrap();
    world.asked(3);
    let late = world.call(&one, after(25 * HOUR)).await;
    assert!(
        matches!(&late, Err(AuthError::Unavailable(why)) if why.contains("JSON Web Key Set")),
        "{late:?}"
    );
    world.asked(4);
    // It is back.
    world.publish(&[&one, &two]);
    world.call(&two, after(25 * HOUR + 5)).await.unwrap();
    world.asked(5);
}

#[tokio::test]
async fn an_issuer_that_was_out_of_reach_at_first_is_asked_again_soon() {
    let one = Signer::ec("one");
    let world = World::of(&[]);
    world.published.break_to("");
    for seconds in [0, 0, 1, 4] {
        let result = world.call(&one, after(seconds)).await;
        assert!(
            matches!(&result, Err(AuthError::Unavailable(why)) if !why.is_empty()),
            "{result:?}"
        );
    }
    world.asked(1);
    world.publish(&[&one]);
    world.call(&one, after(5)).await.unwrap();
    world.asked(2);
}

#[tokio::test]
async fn a_clock_that_is_put_back_keeps_no_old_key() {
    let (one, two) = (Signer::ec("one"), Signer::ec("two"));
    let world = World::of(&[&one]);
    world.call(&one, after(10 * 365 * 24 * HOUR)).await.unwrap();
    world.publish(&[&two]);
    world.call(&two, noon()).await.unwrap();
    assert_eq!(world.call(&one, noon()).await, UNKNOWN);
    world.asked(2);
}
