//! Requests: what is kept of them, how they are listed, and how their outcomes come to them.

use super::{Broken, Seen, is, load, ok, promised, write};
use crate::changes::Changes;
use crate::request::{Request, Requests, Settlement, Standing};
use crate::store::StoreError;
use crate::testing::example::{NOW, id, request, standings, state};
use crate::version::VersionId;

const DAY: i64 = 24 * 60 * 60;

pub(super) async fn run<S: Requests>(store: &S) -> Result<usize, Broken> {
    let mut kept = promised("a request is kept whole", whole(store).await)?;
    kept += promised(
        "every standing of a request is kept whole",
        every_standing(store).await,
    )?;
    kept += promised(
        "a request is recorded for the first time once",
        first_time_once(store).await,
    )?;
    kept += promised(
        "the requests of a day are listed newest first, page by page, each once",
        days(store).await,
    )?;
    kept += promised(
        "an outcome comes to its request with the commit that records why",
        outcomes(store).await,
    )?;
    kept += promised(
        "an outcome of a request that is not recorded holds up nothing",
        outcome_of_nobody(store).await,
    )?;
    Ok(kept)
}

/// A settlement of a request alone.
pub(super) fn alone(request: &Request, expected: Option<u64>) -> Settlement {
    Settlement {
        request: request.clone(),
        expected,
        other: None,
        secret: None,
        turn: None,
    }
}

pub(super) async fn known<S: Requests>(store: &S, number: u32) -> Result<Request, String> {
    let known = ok(store.request(&id(number)).await)?;
    known.ok_or_else(|| format!("no request {number}"))
}

async fn whole<S: Requests>(store: &S) -> Seen {
    is(
        "an unknown request",
        ok(store.request(&id(100)).await)?,
        None,
    )?;
    let full = request(100, NOW);
    ok(store.settle(&alone(&full, None)).await)?;
    is("the request", known(store, 100).await?, full)?;
    let bare = Request {
        key: None,
        secret: None,
        arn: None,
        actor: None,
        role: None,
        claimed_by: None,
        reason: None,
        wishes: crate::request::Wishes::default(),
        forced: false,
        approved_by: None,
        extra: None,
        correlation: std::collections::BTreeMap::new(),
        impact: None,
        told: None,
        ..request(101, NOW)
    };
    ok(store.settle(&alone(&bare, None)).await)?;
    is("a bare request", known(store, 101).await?, bare)
}

async fn every_standing<S: Requests>(store: &S) -> Seen {
    let mut request = request(102, NOW);
    ok(store.settle(&alone(&request, None)).await)?;
    for standing in standings() {
        let before = request.revision;
        request.standing = standing;
        request.revision += 1;
        ok(store.settle(&alone(&request, Some(before))).await)?;
        is("the request", known(store, 102).await?, request.clone())?;
    }
    Ok(())
}

async fn first_time_once<S: Requests>(store: &S) -> Seen {
    let first = request(103, NOW);
    ok(store.settle(&alone(&first, None)).await)?;
    let second = Request {
        actor: Some("others".to_owned()),
        ..first.clone()
    };
    let answer = store.settle(&alone(&second, None)).await;
    is("the second answer", answer, Err(StoreError::Conflict))?;
    is("the request", known(store, 103).await?, first)?;
    let nobody = request(104, NOW);
    let answer = store.settle(&alone(&nobody, Some(1))).await;
    is(
        "the answer on one that is not there",
        answer,
        Err(StoreError::Conflict),
    )?;
    is("it", ok(store.request(&id(104)).await)?, None)
}

async fn days<S: Requests>(store: &S) -> Seen {
    let day = NOW.div_euclid(DAY) + 40;
    let start = day * DAY;
    // Two came in one second.
    let times = [
        start - 1,
        start,
        start + 7,
        start + 7,
        start + DAY - 1,
        start + DAY,
    ];
    for (number, at) in (200..).zip(times) {
        ok(store.settle(&alone(&request(number, at), None)).await)?;
    }
    // What is written again is not listed again.
    let mut again = request(201, start);
    again.standing = Standing::Rotating { at: start };
    again.revision = 2;
    ok(store.settle(&alone(&again, Some(1))).await)?;

    let of = |day| async move {
        let mut seen: Vec<Request> = Vec::new();
        let mut before = None;
        loop {
            let page = store.requests_of(day, before.as_deref(), 3).await;
            let page = ok(page)?;
            is("a page of at most three", page.requests.len() <= 3, true)?;
            seen.extend(page.requests);
            before = page.next;
            if before.is_none() {
                return Ok::<_, String>(seen);
            }
        }
    };
    let tokens = |requests: Vec<Request>| -> Vec<VersionId> {
        requests.into_iter().map(|one| one.token).collect()
    };
    let seen = of(day).await?;
    let oldest = seen.last().cloned();
    let expected = vec![id(204), id(203), id(202), id(201)];
    is("the day", tokens(seen), expected)?;
    is("the oldest, as it is now", oldest, Some(again))?;
    is("the day before", tokens(of(day - 1).await?), vec![id(200)])?;
    is("the day after", tokens(of(day + 1).await?), vec![id(205)])?;
    is("a day without", tokens(of(day + 2).await?), Vec::new())?;
    let all = ok(store.requests_of(day, None, 4).await)?;
    is("a page that holds all", all.next, None)
}

/// How a rotation ended.
fn ended(outcome: &str) -> Standing {
    Standing::Ended {
        outcome: outcome.to_owned(),
        at: NOW,
        class: None,
        message: None,
    }
}

async fn outcomes<S: Requests>(store: &S) -> Seen {
    let name = "requests/outcomes";
    for number in [300, 301] {
        ok(store.settle(&alone(&request(number, NOW), None)).await)?;
    }
    ok(write(store, None, &state(name, NOW + 3600)).await)?;
    let before = load(store, name).await?;
    let mut after = before.clone();
    after.secret.owner = Some("others".to_owned());
    let changes = Changes::between(Some(&before), &after).ok_or("no changes")?;
    let changes = Changes {
        outcomes: vec![(id(300), ended("success")), (id(301), ended("failed"))],
        ..changes
    };
    ok(store.commit(&changes).await)?;
    for (number, outcome) in [(300, "success"), (301, "failed")] {
        let expected = Request {
            standing: ended(outcome),
            revision: 2,
            ..request(number, NOW)
        };
        is("the request", known(store, number).await?, expected)?;
    }
    is(
        "the owner",
        load(store, name).await?.secret.owner.as_deref(),
        Some("others"),
    )?;

    // Who read the request before that writes nothing over it.
    let stale = Request {
        standing: Standing::Rotating { at: NOW },
        revision: 2,
        ..request(300, NOW)
    };
    let answer = store.settle(&alone(&stale, Some(1))).await;
    is("a settlement of before", answer, Err(StoreError::Conflict))?;

    // Nor does a commit that conflicts bring its outcomes.
    let late = Changes {
        outcomes: vec![(id(300), ended("rolled_back"))],
        ..changes
    };
    let answer = store.commit(&late).await;
    is("a commit of before", answer, Err(StoreError::Conflict))?;
    let kept = known(store, 300).await?;
    is("the outcome", kept.standing, ended("success"))
}

async fn outcome_of_nobody<S: Requests>(store: &S) -> Seen {
    let name = "requests/nobody";
    ok(store.settle(&alone(&request(302, NOW), None)).await)?;
    ok(write(store, None, &state(name, NOW + 3600)).await)?;
    let before = load(store, name).await?;
    let mut after = before.clone();
    after.secret.owner = Some("others".to_owned());
    let changes = Changes::between(Some(&before), &after).ok_or("no changes")?;
    let changes = Changes {
        outcomes: vec![(id(303), ended("success")), (id(302), ended("success"))],
        ..changes
    };
    ok(store.commit(&changes).await)?;
    is(
        "the owner",
        load(store, name).await?.secret.owner.as_deref(),
        Some("others"),
    )?;
    is(
        "the one that is not there",
        ok(store.request(&id(303)).await)?,
        None,
    )?;
    let other = known(store, 302).await?;
    is("the other", other.standing, ended("success"))
}
