//! What records are found by.

use rekey_events::{Actor, AuditRecord};

use super::{Append, Broken, NOW, Pen, Seen, is, ok, promised};
use crate::index::{By, Indexed, Partition, SHARDS, day_of};
use crate::list::{Wanted, list};
use crate::trail::{Page, Place};

/// A day of its own for each check: others' records of that day are none.
const DAY: i64 = 86_400;

pub(super) async fn run<A: Append>(trail: &A) -> Result<usize, Broken> {
    let mut kept = promised(
        "a record is filed under each of its attributes, under nothing else, and knows where",
        everywhere(trail).await,
    )?;
    kept += promised(
        "a page of an index begins with the newest, before a bound that is not included, and tells of more",
        pages(trail).await,
    )?;
    kept += promised(
        "a search finds what was done in its range, the newest first, whatever part of the index it lies in",
        searches(trail).await,
    )?;
    Ok(kept)
}

/// Every partition that a record may be found in, in all parts of its index.
async fn found<A: Append>(
    trail: &A,
    by: By,
    value: &str,
    at: i64,
) -> Result<Vec<(String, Place)>, String> {
    let mut entries = Vec::new();
    for shard in 0..SHARDS {
        let partition = Partition {
            by,
            value,
            day: day_of(at),
            shard,
        };
        let page = ok(trail.page(partition, "999999999999", 100).await)?;
        entries.extend(page.entries);
    }
    Ok(entries)
}

fn value(record: &AuditRecord, by: By) -> &str {
    crate::index::value(record, by).unwrap_or("none")
}

async fn everywhere<A: Append>(trail: &A) -> Seen {
    let pen = Pen::new(trail, "suite-everywhere")?;
    let at = NOW - 10 * DAY;
    let mut record = pen.record(0, at)?;
    record.actor_id = Actor::new("suite/everywhere").map_err(|error| error.to_string())?;
    let mut bare = pen.record(1, at)?;
    bare.actor_id = Actor::new("suite/bare").map_err(|error| error.to_string())?;
    bare.request_id = None;
    pen.append(None, &[record.clone(), bare.clone()]).await?;
    let place = |seq| Place {
        chain: pen.chain.clone(),
        seq,
    };
    for (record, seq) in [(&record, 1), (&bare, 2)] {
        let indexed = Indexed::of(record, &pen.chain, seq);
        let expected = (indexed.at.clone(), place(seq));
        for by in By::ALL {
            if by == By::Request && record.request_id.is_none() {
                continue;
            }
            let here = found(trail, by, value(record, by), at).await?;
            let name = format!("whether {by:?} finds record {seq}");
            is(&name, here.contains(&expected), true)?;
            let elsewhere = found(trail, by, "somebody-else", at).await?;
            let there = by != By::Day && elsewhere.contains(&expected);
            is("whether another value finds it", there, false)?;
        }
        let stored = ok(trail.fetch(&[place(seq)]).await)?.into_iter().flatten();
        let filed: Vec<_> = stored.map(|stored| stored.indexed).collect();
        is("where it is filed", filed, vec![Some(indexed)])?;
    }
    // Each by its actor alone; by the day both.
    let one = found(trail, By::Actor, "suite/bare", at).await?;
    is("the records of an actor", one.len(), 1)?;
    let day = found(trail, By::Day, "", at).await?;
    is("the records of the day", day.len(), 2)
}

async fn pages<A: Append>(trail: &A) -> Seen {
    let pen = Pen::new(trail, "suite-pages")?;
    let start = NOW - 20 * DAY;
    let mut records = Vec::new();
    for what in 0..40_i32 {
        // The order of what was done is not that of the chain.
        let at = start + i64::from(what.wrapping_mul(7) % 40);
        records.push(pen.record(what.unsigned_abs().into(), at)?);
    }
    pen.append(None, &records).await?;
    for shard in 0..SHARDS {
        let partition = Partition {
            by: By::Tenant,
            value: "suite-pages",
            day: day_of(start),
            shard,
        };
        let whole = ok(trail.page(partition, "999999999999", 100).await)?;
        is("whether there is more", whole.more, false)?;
        let newest_first = whole.entries.is_sorted_by(|one, next| one.0 > next.0);
        is("whether the newest is first", newest_first, true)?;
        let (mut seen, mut before) = (Vec::new(), "999999999999".to_owned());
        loop {
            let page: Page = ok(trail.page(partition, &before, 2).await)?;
            let full = page.entries.len() == 2;
            is("whether a page is too long", page.entries.len() > 2, false)?;
            is(
                "whether a part is told to be all",
                page.more && !full,
                false,
            )?;
            if let Some((at, _)) = page.entries.last() {
                before.clone_from(at);
            }
            let more = page.more;
            seen.extend(page.entries);
            if !more {
                break;
            }
        }
        is("the entries, page by page", seen, whole.entries)?;
    }
    let all = found(trail, By::Tenant, "suite-pages", start).await?;
    is("how many are filed", all.len(), 40)
}

async fn searches<A: Append>(trail: &A) -> Seen {
    let pen = Pen::new(trail, "suite-searches")?;
    let (first, count) = (NOW - 40 * DAY, 45);
    let mut records = Vec::new();
    for what in 0..count {
        // Over three days.
        let at = first + i64::try_from(what).unwrap_or(0) * DAY / 15;
        records.push(pen.record(what, at)?);
    }
    pen.append(None, &records).await?;
    let wanted = Wanted {
        tenant: Some("suite-searches".to_owned()),
        since: first + DAY / 15,
        until: first + 44 * DAY / 15,
        ..Wanted::default()
    };
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let listed = ok(list(trail, &wanted, cursor.as_deref(), 10).await)?;
        is("how many cannot be read", listed.unreadable, 0)?;
        seen.extend(listed.entries.into_iter().map(|entry| entry.seq));
        cursor = listed.next;
        if cursor.is_none() {
            break;
        }
    }
    is("the places", seen, (2..=44).rev().collect::<Vec<u64>>())
}
