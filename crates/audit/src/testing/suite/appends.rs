//! What is written, and what is not.

use futures_util::future::join;
use rekey_events::Metadata;
use serde_json::{Value, json};

use super::{Append, Broken, NOW, Pen, Seen, is, links_of, ok, promised};
use crate::testing::record::record;
use crate::trail::{AppendError, MOST_AT_ONCE};

pub(super) async fn run<A: Append>(trail: &A) -> Result<usize, Broken> {
    let mut kept = promised(
        "a chain that nobody wrote into has no end, no records and no name",
        nothing(trail).await,
    )?;
    kept += promised(
        "what an append has acknowledged is seen by the next read of the chain, of its end and of its name",
        acknowledged(trail).await,
    )?;
    kept += promised(
        "a record comes back as it was written, to the last digit",
        unchanged(trail).await,
    )?;
    kept += promised(
        "nothing is written behind an end that is not the present one",
        elsewhere(trail).await,
    )?;
    kept += promised(
        "a record is written once, and what comes with one that is there already is not written either",
        once(trail).await,
    )?;
    kept += promised(
        "of two that write behind one end at the same time one wins, and the other leaves nothing",
        at_once(trail).await,
    )?;
    kept += promised(
        "49 records are written at once, into a new chain too, and 50 are not",
        as_many_as_fit(trail).await,
    )?;
    kept += promised(
        "one chain is not seen in another, though its name begins with the other's",
        apart(trail).await,
    )?;
    Ok(kept)
}

async fn nothing<A: Append>(trail: &A) -> Seen {
    let pen = Pen::new(trail, "suite-nothing")?;
    is("the chain", pen.all().await?, (None, Vec::new()))?;
    let named = ok(trail.chains().await)?.contains(&pen.chain);
    is("whether it is named", named, false)
}

async fn acknowledged<A: Append>(trail: &A) -> Seen {
    let pen = Pen::new(trail, "suite-acknowledged")?;
    let mut head = None;
    let mut written = Vec::new();
    for round in 0..3 {
        let records = pen.records([2 * round, 2 * round + 1])?;
        let (links, end) = pen.append(head.as_ref(), &records).await?;
        written.extend(links);
        head = Some(end);
        let (seen, stored) = pen.all().await?;
        is("the end", &seen, &head)?;
        is("the records", links_of(stored), written.clone())?;
        let named = ok(trail.chains().await)?.contains(&pen.chain);
        is("whether it is named", named, true)?;
        let ids: Vec<_> = records.iter().map(|record| record.id).collect();
        let places = ok(trail.recorded(&ids).await)?.into_iter().flatten();
        let places: Vec<u64> = places.map(|place| place.seq).collect();
        is("the places", places, vec![2 * round + 1, 2 * round + 2])?;
    }
    Ok(())
}

async fn unchanged<A: Append>(trail: &A) -> Seen {
    let pen = Pen::new(trail, "suite-unchanged")?;
    let mut record = pen.record(0, NOW)?;
    let said = json!({
        "text": "ä \"quoted\" \\ \u{1F511} \u{2028}", "control": "\u{1}\n", "empty": "", "none": null,
        "whole": 9_007_199_254_740_991_u64, "negative": -3, "yes": true, "deep": [1, null, {"b": [], "a": {}}],
        "parts": [0.1, 1e-7, 31.245_270_191_439_438, 121.487_919_511_619_45, 5e-324, 1.797_693_134_862_315_7e308],
    });
    if let Value::Object(fields) = said {
        record.metadata = Some(Metadata::from(fields));
    }
    let (links, _) = pen.append(None, std::slice::from_ref(&record)).await?;
    let (_, stored) = pen.all().await?;
    let found = links_of(stored);
    is("the record", &found, &links)?;
    let hash = found.first().map(|link| link.hashed());
    let expected = links.first().map(|link| Ok(link.hash.clone()));
    is("its hash", hash, expected)
}

async fn elsewhere<A: Append>(trail: &A) -> Seen {
    let pen = Pen::new(trail, "suite-elsewhere")?;
    let (_, first) = pen.append(None, &pen.records([0])?).await?;
    pen.is_refused(None, &pen.records([1])?).await?;
    let (_, second) = pen.append(Some(&first), &pen.records([1, 2])?).await?;
    let next = pen.records([3])?;
    pen.is_refused(Some(&first), &next).await?;
    // The right place, behind another record.
    let mut other = second.clone();
    other.hash.clone_from(&first.hash);
    pen.is_refused(Some(&other), &next).await?;
    // An end of a chain that has none.
    let empty = Pen::new(trail, "suite-elsewhere-empty")?;
    empty.is_refused(Some(&first), &empty.records([0])?).await?;
    pen.append(Some(&second), &next).await.map(|_| ())
}

async fn once<A: Append>(trail: &A) -> Seen {
    let pen = Pen::new(trail, "suite-once")?;
    let (_, head) = pen.append(None, &pen.records([0, 1])?).await?;
    // First, in the middle and last: what stands before it and behind it is not written.
    for whats in [[1, 2, 3], [2, 1, 3], [2, 3, 1]] {
        pen.is_refused(Some(&head), &pen.records(whats)?).await?;
        let ids: Vec<_> = pen
            .records([2, 3])?
            .iter()
            .map(|record| record.id)
            .collect();
        let places = ok(trail.recorded(&ids).await)?;
        is("the places of the others", places, vec![None, None])?;
    }
    pen.append(Some(&head), &pen.records([2, 3])?)
        .await
        .map(|_| ())
}

async fn at_once<A: Append>(trail: &A) -> Seen {
    let pen = Pen::new(trail, "suite-at-once")?;
    let mut head = None;
    let mut written = Vec::new();
    for round in 0..8 {
        let (one, one_end) =
            pen.seal(head.as_ref(), &pen.records([10 * round, 10 * round + 1])?)?;
        let (other, other_end) = pen.seal(head.as_ref(), &pen.records([10 * round + 2])?)?;
        let (first, second) = join(
            trail.append(head.as_ref(), &one, &one_end),
            trail.append(head.as_ref(), &other, &other_end),
        )
        .await;
        let (links, end) = match (first, second) {
            (Ok(()), Err(AppendError::Conflict)) => (one, one_end),
            (Err(AppendError::Conflict), Ok(())) => (other, other_end),
            // Nobody has to win: then nothing is written.
            (Err(AppendError::Conflict), Err(AppendError::Conflict)) => continue,
            (first, second) => return Err(format!("they heard {first:?} and {second:?}")),
        };
        let (seen, stored) = pen.all().await?;
        is("the end", seen.as_ref(), Some(&end))?;
        written.extend(links);
        is("the records", links_of(stored), written.clone())?;
        head = Some(end);
    }
    Ok(())
}

async fn as_many_as_fit<A: Append>(trail: &A) -> Seen {
    let pen = Pen::new(trail, "suite-many")?;
    let most = MOST_AT_ONCE as u64;
    pen.is_refused(None, &pen.records(0..=most)?).await?;
    let (mut written, head) = pen.append(None, &pen.records(0..most)?).await?;
    let (links, _) = pen
        .append(Some(&head), &pen.records(most..2 * most)?)
        .await?;
    written.extend(links);
    let (_, stored) = pen.all().await?;
    is("the records", links_of(stored), written)
}

async fn apart<A: Append>(trail: &A) -> Seen {
    let (one, other) = (
        Pen::new(trail, "suite-apart")?,
        Pen::new(trail, "suite-apart-2")?,
    );
    let (_, one_end) = one.append(None, &one.records([0, 1])?).await?;
    let (_, other_end) = other.append(None, &other.records([0])?).await?;
    one.append(Some(&one_end), &one.records([2])?).await?;
    other.append(Some(&other_end), &other.records([1])?).await?;
    for (pen, count) in [(&one, 3), (&other, 2)] {
        let (head, stored) = pen.all().await?;
        is("the length", head.map(|head| head.seq), Some(count))?;
        let strangers = links_of(stored)
            .into_iter()
            .filter(|link| link.chain != pen.chain);
        is("the records of other chains", strangers.count(), 0)?;
    }
    // One event is recorded once, in whichever chain.
    let mut borrowed =
        record("suite-apart-2", 9, "db/app", NOW).map_err(|error| error.to_string())?;
    borrowed.id = one.record(0, NOW)?.id;
    let head = ok(trail.head(&other.chain).await)?;
    other.is_refused(head.as_ref(), &[borrowed]).await
}
