//! Settlements: everything that is decided of a request together, or nothing of it.

use super::requests::{alone, known};
use super::{Broken, Seen, both, is, load, ok, promised, write};
use crate::changes::Changes;
use crate::request::{Request, Requests, Settlement, Standing, Turn};
use crate::state::SecretState;
use crate::store::StoreError;
use crate::testing::example::{NOW, bare, id, request, state, unsent};

pub(super) async fn run<S: Requests>(store: &S) -> Result<usize, Broken> {
    let mut kept = promised(
        "a settlement writes the request, the other one, the secret and the turn",
        all_of_it(store).await,
    )?;
    kept += promised(
        "of a settlement that conflicts nothing is written",
        nothing_of_a_conflict(store).await,
    )?;
    kept += promised(
        "of two settlements of one request at once one wins",
        one_of_two(store).await,
    )?;
    kept += promised(
        "of two that take a turn at once one has it",
        one_turn(store).await,
    )?;
    kept += promised(
        "of the changes of a service the latest is noted",
        latest_change(store).await,
    )?;
    Ok(kept)
}

fn turn(service: &str, number: u32, at: i64) -> Turn {
    Turn {
        service: service.to_owned(),
        secret: "prod/db/app".to_owned(),
        token: id(number),
        at,
    }
}

async fn latest_change<S: Requests>(store: &S) -> Seen {
    let service = "settle/noted";
    for (noted, expected) in [(50, 50), (40, 50), (50, 50), (60, 60)] {
        let change = turn(service, 420 + noted, NOW + i64::from(noted));
        ok(store.note_turn(&change).await)?;
        let known = turn(service, 420 + expected, NOW + i64::from(expected));
        is("the turn", ok(store.turn(service).await)?, Some(known))?;
    }
    Ok(())
}

/// The record of a secret with one version more and one announcement.
fn changed(before: &SecretState) -> Result<Changes, String> {
    let mut after = before.clone();
    after.secret.owner = Some("others".to_owned());
    after.versions.insert(id(4), bare(4));
    after.unsent.push(unsent(&before.secret.name, "second"));
    Changes::between(Some(before), &after).ok_or_else(|| "no changes".to_owned())
}

/// A new request, another that it changes, a secret and a turn, all there before but the first.
struct Given {
    before: SecretState,
    settlement: Settlement,
}

impl Given {
    /// With requests of the numbers `first` and the one after it.
    async fn at<S: Requests>(store: &S, name: &str, first: u32) -> Result<Self, String> {
        let other = request(first + 1, NOW);
        ok(store.settle(&alone(&other, None)).await)?;
        ok(write(store, None, &state(name, NOW + 3600)).await)?;
        let before = load(store, name).await?;
        // Once without a turn, and once with one.
        let taken = turn(name, first + 1, NOW - 5);
        let mut with_turn = other.clone();
        with_turn.revision = 2;
        let settlement = Settlement {
            turn: Some((taken.clone(), None)),
            ..alone(&with_turn, Some(1))
        };
        ok(store.settle(&settlement).await)?;
        is("the turn", ok(store.turn(name).await)?, Some(taken.clone()))?;
        let other = Request {
            standing: Standing::Accepted { at: NOW + 1 },
            approved_by: Some("who approves".to_owned()),
            revision: 3,
            ..other
        };
        let settlement = Settlement {
            request: request(first, NOW),
            expected: None,
            other: Some((other, 2)),
            secret: Some(changed(&before)?),
            turn: Some((turn(name, first, NOW), Some(taken))),
        };
        Ok(Self { before, settlement })
    }
}

async fn all_of_it<S: Requests>(store: &S) -> Seen {
    let name = "settle/all";
    is("nobody's turn", ok(store.turn(name).await)?, None)?;
    let Given { before, settlement } = Given::at(store, name, 400).await?;
    ok(store.settle(&settlement).await)?;
    is("the request", known(store, 400).await?, settlement.request)?;
    let other = settlement.other.map(|(other, _)| other);
    is("the other", Some(known(store, 401).await?), other)?;
    let turn = settlement.turn.map(|(turn, _)| turn);
    is("the turn", ok(store.turn(name).await)?, turn)?;
    let seen = load(store, name).await?;
    is("the owner", seen.secret.owner.as_deref(), Some("others"))?;
    is("the versions", seen.versions.len(), 4)?;
    is("the outbox", seen.unsent.len(), 2)?;
    is(
        "the revision",
        seen.secret.revision,
        before.secret.revision + 1,
    )
}

async fn nothing_of_a_conflict<S: Requests>(store: &S) -> Seen {
    let name = "settle/nothing";
    let Given { before, settlement } = Given::at(store, name, 410).await?;
    let other = known(store, 411).await?;
    let taken = ok(store.turn(name).await)?;

    let mut of_request = settlement.clone();
    of_request.expected = Some(1);
    let mut of_other = settlement.clone();
    of_other.other = settlement.other.clone().map(|(other, _)| (other, 1));
    let mut of_secret = settlement.clone();
    of_secret.secret = settlement.secret.clone().map(|changes| Changes {
        expected: Some(before.secret.revision + 1),
        ..changes
    });
    let mut of_new_secret = settlement.clone();
    of_new_secret.secret = settlement.secret.clone().map(|changes| Changes {
        expected: None,
        ..changes
    });
    let mut of_free_turn = settlement.clone();
    of_free_turn.turn = settlement.turn.clone().map(|(turn, _)| (turn, None));
    // Each field of the turn counts.
    let with_turn = |change: fn(&mut Turn)| {
        let mut settlement = settlement.clone();
        settlement.turn = settlement.turn.take().map(|(turn, taken)| {
            let taken = taken.map(|mut taken| {
                change(&mut taken);
                taken
            });
            (turn, taken)
        });
        settlement
    };
    let others = [
        with_turn(|turn| turn.at += 1),
        with_turn(|turn| turn.token = id(499)),
        with_turn(|turn| turn.secret = "prod/db/other".to_owned()),
    ];
    let conflicts = [of_request, of_other, of_secret, of_new_secret, of_free_turn];
    for settlement in conflicts.iter().chain(&others) {
        let answer = store.settle(settlement).await;
        is("the answer", answer, Err(StoreError::Conflict))?;
        is("the request", ok(store.request(&id(410)).await)?, None)?;
        is("the other", known(store, 411).await?, other.clone())?;
        is("the turn", ok(store.turn(name).await)?, taken.clone())?;
        is("the secret", load(store, name).await?, before.clone())?;
        let listed = store.requests_of(NOW.div_euclid(24 * 3600), None, 1000);
        let listed = ok(listed.await)?.requests;
        is(
            "whether it is listed",
            listed.iter().any(|one| one.token == id(410)),
            false,
        )?;
    }
    ok(store.settle(&settlement).await)
}

async fn one_of_two<S: Requests>(store: &S) -> Seen {
    let first = request(420, NOW);
    let by = |who: &str, revision| Request {
        approved_by: Some(who.to_owned()),
        revision,
        ..first.clone()
    };
    // New, and known.
    for (expected, revision) in [(None, 1), (Some(1), 2)] {
        let (a, b) = (by("a", revision), by("b", revision));
        let (a, b) = (alone(&a, expected), alone(&b, expected));
        let winner = match both(store.settle(&a), store.settle(&b)).await {
            (Ok(()), Err(StoreError::Conflict)) => a.request,
            (Err(StoreError::Conflict), Ok(())) => b.request,
            answers => {
                let one = (Ok(()), Err(StoreError::Conflict));
                return is("the answers", answers, one);
            }
        };
        is("the request", known(store, 420).await?, winner)?;
    }
    Ok(())
}

async fn one_turn<S: Requests>(store: &S) -> Seen {
    let service = "settle/turn";
    let taking = |number| Settlement {
        turn: Some((turn(service, number, NOW), None)),
        ..alone(&request(number, NOW), None)
    };
    let (a, b) = (taking(430), taking(431));
    let (winner, loser) = match both(store.settle(&a), store.settle(&b)).await {
        (Ok(()), Err(StoreError::Conflict)) => (430, 431),
        (Err(StoreError::Conflict), Ok(())) => (431, 430),
        answers => {
            let one = (Ok(()), Err(StoreError::Conflict));
            return is("the answers", answers, one);
        }
    };
    let expected = Some(turn(service, winner, NOW));
    is("the turn", ok(store.turn(service).await)?, expected)?;
    is(
        "who came second",
        ok(store.request(&id(loser)).await)?,
        None,
    )
}
