//! Tokens through three rotations, signed and verified by libraries that are not ours.

use std::collections::VecDeque;

use rekey_rotation::{Revoker as _, SecretValue};

use crate::issuer::{NOW, changed, next, retire, rotate, rotator, set, shared, unborn};
use crate::library::{Library, serve};
use crate::memory::Memory;

const PLACE: &str = "s3://keys/jwks.json";
const LIFETIME: i64 = 3600;
const CACHE: i64 = 300;
/// One rotation after the other, as close as a key is kept.
const PERIOD: i64 = 4100;
const ROTATIONS: i64 = 3;
/// How often the application does something.
const TICK: i64 = 100;
/// Verifiers whose caches end at different times.
const VERIFIERS: [&str; 3] = ["a", "b", "c"];
/// Longer than the whole story: such a verifier fetches only when its cache is over.
const NEVER: u32 = 1_000_000;

fn secret(alg: &str) -> SecretValue {
    let secret = changed(
        &unborn(alg, PLACE),
        "token_lifetime_seconds",
        LIFETIME.into(),
    );
    let secret = changed(&secret, "skew_seconds", 60.into());
    changed(&secret, "cache_seconds", CACHE.into())
}

/// An application that signs and verifies, and must never be refused.
struct Application {
    /// Two that keep a key set as long as it may be kept, and two as the page uses them.
    libraries: [Library; 4],
    /// Tokens that are good, with the time at which they end.
    tokens: VecDeque<(String, i64)>,
    verified: usize,
}

impl Application {
    fn at(url: &str) -> Self {
        Self {
            libraries: [
                Library::python(url, NEVER),
                Library::node(url, 30),
                Library::documented_python(url),
                Library::documented_node(url),
            ],
            tokens: VecDeque::new(),
            verified: 0,
        }
    }

    /// Signs with each value that some process may hold now. Every verifier takes these tokens, and the oldest
    /// and the youngest that are still good.
    fn tick(&mut self, signers: &[&SecretValue], now: i64) {
        for (signer, library) in signers.iter().zip(&mut self.libraries) {
            let token = library.sign(signer, now, LIFETIME);
            self.tokens.push_back((token, now + LIFETIME));
        }
        while self.tokens.front().is_some_and(|(_, ends)| *ends <= now) {
            self.tokens.pop_front();
        }
        let oldest = self.tokens.iter().take(2);
        let youngest = self.tokens.iter().rev().take(signers.len());
        let tokens: Vec<&String> = oldest.chain(youngest).map(|(token, _)| token).collect();
        for library in &mut self.libraries {
            for (by, starts) in VERIFIERS.iter().zip([NOW, NOW + TICK, NOW + 2 * TICK]) {
                for token in tokens.iter().filter(|_| now >= starts) {
                    let verified = library.verify(by, token, now);
                    verified
                        .unwrap_or_else(|why| panic!("{} at {}: {why}", library.name, now - NOW));
                    self.verified += 1;
                }
            }
        }
    }

    /// What every verifier says of one token.
    fn verdicts(&mut self, token: &str, now: i64) -> Vec<bool> {
        let libraries = self.libraries.iter_mut();
        let verdicts = libraries
            .flat_map(|library| VERIFIERS.map(|by| library.verify(by, token, now).is_ok()));
        verdicts.collect()
    }
}

async fn no_token_is_refused_through_three_rotations(alg: &'static str) {
    let jwks = Memory::default();
    let mut values = vec![rotate(&jwks, &secret(alg), NOW).await];
    let mut application = Application::at(&serve(jwks.clone(), PLACE));
    let (mut now, mut retired) = (NOW, 0);
    for n in 1..=ROTATIONS + 1 {
        let (current, switch) = (values.last().unwrap().clone(), NOW + n * PERIOD);
        while now < switch {
            let switched = switch - PERIOD;
            // Some process has not read the secret since the switch, as long as it may.
            let late = values
                .iter()
                .rev()
                .nth(1)
                .filter(|_| now < switched + CACHE);
            application.tick(&[&current, late.unwrap_or(&current)], now);
            if let Some(old) = values.iter().rev().nth(1) {
                let kept = rotator(&jwks).kept_until(old, &current, Some(switched));
                if kept
                    .unwrap()
                    .is_some_and(|kept| (kept..kept + TICK).contains(&now))
                {
                    let thief = application.libraries[0].sign(old, now, LIFETIME);
                    assert_eq!(application.verdicts(&thief, now), [true; 12], "{alg}");
                    retire(&jwks, old, &current).await.unwrap();
                    retired += 1;
                    let later = now + CACHE;
                    assert_eq!(application.verdicts(&thief, later), [false; 12], "{alg}");
                }
            }
            now += TICK;
        }
        if n > ROTATIONS {
            break;
        }
        let pending = next(&jwks, &current, now);
        set(&jwks, &current, &pending).await.unwrap();
        // During the rotation: what is set and not yet promoted may sign, and what is current still does.
        application.tick(&[&pending, &current], now);
        values.push(pending);
    }
    println!("{alg}: {} tokens taken, none refused", application.verified);
    assert!(application.verified > 2_000);
    assert_eq!(retired, ROTATIONS);
}

#[tokio::test]
async fn no_ed25519_token_is_refused_through_three_rotations() {
    no_token_is_refused_through_three_rotations("EdDSA").await;
}

#[tokio::test]
async fn no_es256_token_is_refused_through_three_rotations() {
    no_token_is_refused_through_three_rotations("ES256").await;
}

#[tokio::test]
async fn no_rs256_token_is_refused_through_three_rotations() {
    no_token_is_refused_through_three_rotations("RS256").await;
}

/// The eyes of these tests: a key that signs as soon as it is made is refused by whoever goes by a cache.
#[tokio::test]
async fn a_key_that_was_not_published_beforehand_is_refused_by_whoever_has_a_cached_key_set() {
    let jwks = Memory::default();
    jwks.put(PLACE, shared());
    let first = rotate(&jwks, &secret("EdDSA"), NOW).await;
    let url = serve(jwks.clone(), PLACE);
    let mut application = Application::at(&url);
    application.tick(&[&first], NOW + 2 * TICK);
    let hasty = rotate(&jwks, &secret("EdDSA"), NOW).await;
    let token = application.libraries[1].sign(&hasty, NOW, LIFETIME);
    let at = NOW + 2 * TICK + 29;
    assert_eq!(application.verdicts(&token, at), [false; 12]);
    // All but one ask for what they do not know, a while after they asked last.
    let verdicts = application.verdicts(&token, at + 1);
    assert_eq!(verdicts[..3], [false; 3]);
    assert_eq!(verdicts[3..], [true; 9]);
}
