//! The process that answers requests dies before any of its calls, after it, or never hears the answer.
//! The queue brings the message again, and everything comes to the same end.

use rekey_registry::request::{Desk, Handled, Request, Requests as _};
use rekey_registry::{Failed, StoreError};
use serde_json::{Value, json};

use crate::office::{Caller, MINUTE, NAME, Office, PAYMENTS, SECURITY, asked};
use crate::world::{Cut, How, Process, drive};

/// One run of the handler as a process. None when it died.
fn run(
    office: &Office,
    ask: &rekey_registry::request::Ask,
    process: &Process,
) -> Option<Result<Handled, Failed>> {
    let rotate = Caller {
        at: office.now,
        ..office.rotate.clone()
    };
    let (store, secrets) = (
        process.through(office.store.clone()),
        process.through(office.secrets.clone()),
    );
    let (bus, queue, rotate) = (
        process.through(office.bus.clone()),
        process.through(office.queue.clone()),
        process.through(rotate),
    );
    let desk = Desk {
        store: &store,
        secrets: &secrets,
        publisher: &bus,
        rotate: &rotate,
        orders: &queue,
        policy: &office.policy,
    };
    let mut handling: std::pin::Pin<Box<dyn Future<Output = _>>> =
        Box::pin(desk.handle(ask, office.now));
    drive(&mut handling)
}

struct End {
    request: Request,
    rotations: usize,
    told: Vec<String>,
    booked: usize,
}

/// What is the same however often it was told.
fn end(office: &Office, request: Request) -> End {
    let mut told: Vec<_> = office
        .bus
        .taken()
        .iter()
        .map(|one| format!("{} {}", one.detail_type, one.event_id))
        .collect();
    told.sort();
    told.dedup();
    let versions = office.secrets.snapshot(NAME).versions;
    End {
        request,
        rotations: versions.len(),
        told,
        booked: office.secret().requests.len(),
    }
}

/// The message comes again until it is done, or waits for somebody else.
async fn until_done(office: &mut Office, ask: &rekey_registry::request::Ask) -> Request {
    for _ in 0..20 {
        office.now += 6;
        match office.handle(ask).await {
            Ok(Handled::Done(request)) => return *request,
            Ok(Handled::Again { why, .. }) if why.contains("free call") => {}
            Ok(Handled::Again { .. }) => return office.stands(&ask.token).await,
            Ok(Handled::Clash) => panic!("its own record"),
            Err(error) => panic!("{error}"),
        }
    }
    panic!("never done");
}

/// Cuts one story everywhere. Returns how many cuts there were.
async fn everywhere(source: &str, more: Value, prepare: &[(&'static str, &str)]) -> usize {
    let office = || async {
        let office = Office::open().await;
        for (tag, text) in prepare {
            office.tag(tag, text).await;
        }
        office
    };
    let clean = office().await;
    let ask = asked(source, clean.now, more);
    let process = Process::default();
    run(&clean, &ask, &process).unwrap().unwrap();
    let expected = end(&clean, clean.stands(&ask.token).await);
    let calls = process.calls();
    let mut cuts = 0;
    for call in 1..=calls.len() {
        for how in How::ALL {
            let mut office = office().await;
            let process = Process::cut(Some(Cut { call, how }));
            let first = run(&office, &ask, &process);
            if let Some(Ok(_)) = &first {
                panic!("the cut at {call} ({how:?}) cut nothing: {:?}", calls);
            }
            until_done(&mut office, &ask).await;
            let found = end(&office, office.stands(&ask.token).await);
            let place = format!("{} ({call}), {how:?}", calls[call - 1]);
            assert_eq!(
                found.request.standing.as_str(),
                expected.request.standing.as_str(),
                "{place}"
            );
            assert_eq!(found.rotations, expected.rotations, "{place}");
            assert_eq!(found.told, expected.told, "{place}");
            assert_eq!(found.booked, expected.booked, "{place}");
            cuts += 1;
        }
    }
    assert_eq!(cuts, 3 * calls.len());
    cuts
}

#[tokio::test]
async fn an_accepted_request_comes_to_the_same_end_wherever_it_was_cut() {
    assert!(everywhere(PAYMENTS, json!({}), &[]).await > 30);
}

#[tokio::test]
async fn one_of_a_service_too() {
    everywhere(PAYMENTS, json!({}), &[("rekey:service", "checkout")]).await;
}

#[tokio::test]
async fn a_refused_one_too() {
    everywhere(PAYMENTS, json!({}), &[("rekey:window", "Sun 03:00-03:01")]).await;
    everywhere("rekey.requester.stranger", json!({}), &[]).await;
}

#[tokio::test]
async fn one_that_waits_for_approval_too() {
    everywhere(PAYMENTS, json!({}), &[("rekey:approval", "manual")]).await;
}

#[tokio::test]
async fn a_dry_run_too() {
    let dry = json!({ "metadata": { "dry_run": true, "rollout_note": "CHG-7" } });
    everywhere(PAYMENTS, dry, &[]).await;
}

#[tokio::test]
async fn a_forced_one_inside_the_grace_too() {
    // The old credential is retired by nobody here: it waits, and no call is made.
    let prepared = || async {
        let mut office = Office::open().await;
        let first = office.rotating(PAYMENTS, json!({})).await;
        office.now += MINUTE;
        office.finish(&first.token).await;
        office.now += MINUTE;
        office
    };
    let clean = prepared().await;
    let force = json!({ "metadata": { "force": true, "rollout_note": "INC-1" } });
    let ask = asked(SECURITY, clean.now, force);
    let process = Process::default();
    run(&clean, &ask, &process).unwrap().unwrap();
    assert_eq!(clean.stands(&ask.token).await.standing.as_str(), "retiring");
    for call in 1..=process.calls().len() {
        for how in How::ALL {
            let mut office = prepared().await;
            run(&office, &ask, &Process::cut(Some(Cut { call, how })));
            until_done(&mut office, &ask).await;
            let request = office.stands(&ask.token).await;
            assert_eq!(request.standing.as_str(), "retiring", "{call} {how:?}");
            assert!(!office.queue.taken().is_empty());
            assert_eq!(office.secret().requests.len(), 2);
            assert_eq!(office.calls(), 1);
        }
    }
}

#[tokio::test]
async fn an_approval_too() {
    let prepared = || async {
        let mut office = Office::open().await;
        office.tag("rekey:approval", "manual").await;
        let waiting = office.ask(PAYMENTS, json!({})).await;
        office.now += MINUTE;
        (office, waiting.token)
    };
    let (clean, token) = prepared().await;
    let approves = json!({ "metadata": { "approves": token } });
    let ask = asked(SECURITY, clean.now, approves);
    let process = Process::default();
    run(&clean, &ask, &process).unwrap().unwrap();
    let calls = process.calls().len();
    for call in 1..=calls {
        for how in How::ALL {
            let (mut office, _) = prepared().await;
            run(&office, &ask, &Process::cut(Some(Cut { call, how })));
            let request = until_done(&mut office, &ask).await;
            assert_eq!(request.token, token);
            assert_eq!(request.standing.as_str(), "rotating", "{call} {how:?}");
            assert_eq!(office.secrets.snapshot(NAME).versions.len(), 2);
        }
    }
}

#[tokio::test]
async fn a_store_that_is_away_is_tried_again_and_not_refused() {
    let office = Office::open().await;
    let ask = asked(PAYMENTS, office.now, json!({}));
    let cut = Cut {
        call: 1,
        how: How::LoseAnswer,
    };
    let error = run(&office, &ask, &Process::cut(Some(cut)))
        .unwrap()
        .unwrap_err();
    assert!(error.is_passing());
    assert!(matches!(
        error,
        Failed::Store(StoreError::Unavailable(_) | StoreError::Throttled)
    ));
    let known = office.store.request(&ask.token).await.unwrap();
    assert_eq!(known, None);
}
