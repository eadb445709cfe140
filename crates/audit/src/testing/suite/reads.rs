//! What is read of chains.

use super::{Append, Broken, Pen, Seen, is, links_of, ok, promised};
use crate::link::Link;
use crate::testing::record::record;
use crate::trail::{MOST_AT_ONCE, Place};

pub(super) async fn run<A: Append>(trail: &A) -> Result<usize, Broken> {
    let mut kept = promised(
        "the records of a chain come in order, in pages that follow each other, and a short page is the last",
        in_order(trail).await,
    )?;
    kept += promised(
        "records are found by id and by place in the order of the question, many at once, one twice, and none is none",
        found(trail).await,
    )?;
    kept += promised(
        "the chains are named in the order of their names, each once",
        named(trail).await,
    )?;
    Ok(kept)
}

/// A chain of 147 records.
async fn long<'a, A: Append>(trail: &'a A, name: &str) -> Result<(Pen<'a, A>, Vec<Link>), String> {
    let pen = Pen::new(trail, name)?;
    let mut head = None;
    let mut written = Vec::new();
    for part in 0..3 {
        let most = MOST_AT_ONCE as u64;
        let records = pen.records(part * most..(part + 1) * most)?;
        let (links, end) = pen.append(head.as_ref(), &records).await?;
        written.extend(links);
        head = Some(end);
    }
    Ok((pen, written))
}

async fn in_order<A: Append>(trail: &A) -> Seen {
    let (pen, written) = long(trail, "suite-in-order").await?;
    for limit in [1, 20, 49, 146, 147, 148, 1000] {
        let (mut seen, mut after) = (Vec::new(), 0);
        loop {
            let page = ok(trail.links(&pen.chain, after, limit).await)?;
            let short = page.len() < limit;
            is("whether a page is too long", page.len() > limit, false)?;
            for stored in page {
                is("the next place", stored.seq, after + 1)?;
                after = stored.seq;
                seen.push(stored);
            }
            if short {
                break;
            }
        }
        is("the records", links_of(seen), written.clone())?;
    }
    let behind = ok(trail.links(&pen.chain, 147, 10).await)?;
    is("what stands behind the last", behind, Vec::new())?;
    let middle = ok(trail.links(&pen.chain, 98, 2).await)?;
    let middle: Vec<u64> = middle.iter().map(|stored| stored.seq).collect();
    is("what stands behind 98", middle, vec![99, 100])
}

async fn found<A: Append>(trail: &A) -> Seen {
    let (pen, written) = long(trail, "suite-found").await?;
    let place = |seq| Place {
        chain: pen.chain.clone(),
        seq,
    };
    // From the last to the first, the last again, and one that is nowhere.
    let order: Vec<u64> = (1..=147).rev().chain([147]).collect();
    let mut ids = Vec::new();
    for seq in &order {
        ids.push(pen.record(seq - 1, 0)?.id);
    }
    let unknown = record("suite-found", 1000, "db/app", 0).map_err(|error| error.to_string())?;
    ids.push(unknown.id);
    let places = ok(trail.recorded(&ids).await)?;
    let mut expected: Vec<Option<Place>> = order.iter().map(|seq| Some(place(*seq))).collect();
    expected.push(None);
    is("the places", &places, &expected)?;

    let mut asked: Vec<Place> = places.into_iter().flatten().collect();
    asked.extend([place(148), place(0)]);
    let stored = ok(trail.fetch(&asked).await)?;
    let hashes: Vec<Option<String>> = stored
        .into_iter()
        .map(|stored| Some(stored?.link.ok()?.hash))
        .collect();
    let mut expected: Vec<Option<String>> = Vec::new();
    for seq in &order {
        let link = written.iter().find(|link| link.seq == *seq);
        expected.push(link.map(|link| link.hash.clone()));
    }
    expected.extend([None, None]);
    is("the hashes", hashes, expected)?;

    is(
        "places of nothing",
        ok(trail.recorded(&[]).await)?,
        Vec::new(),
    )?;
    is(
        "records of nothing",
        ok(trail.fetch(&[]).await)?,
        Vec::new(),
    )
}

async fn named<A: Append>(trail: &A) -> Seen {
    let names = ["suite-named-b", "suite-named-a", "0-suite-named"];
    for name in names {
        let pen = Pen::new(trail, name)?;
        let (_, head) = pen.append(None, &pen.records([0])?).await?;
        pen.append(Some(&head), &pen.records([1])?).await?;
    }
    let chains = ok(trail.chains().await)?;
    let ours = chains.iter().map(|chain| chain.as_str());
    let ours: Vec<&str> = ours.filter(|name| names.contains(name)).collect();
    is(
        "the names",
        ours,
        vec!["0-suite-named", "suite-named-a", "suite-named-b"],
    )
}
