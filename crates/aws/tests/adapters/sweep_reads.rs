//! What a sweep reads: what is due, and not more for more secrets.

use std::collections::HashMap;
use std::fmt::Write;
use std::ops::Range;
use std::sync::Mutex;
use std::time::Instant;

use rekey_aws::{RegistryTable, Usage};
use rekey_events::{Announcement, Source};
use rekey_registry::{
    Asking, Bucket, Changes, Due, Next, Order, OrderError, Orders, Policy, PublishError, Publisher,
    Store, Wanted, What, sweep,
};

use crate::cloud::{Item, Table, table, text};
use crate::given::{armed, loaded, registered, secret};

/// When the sweep looks: in the middle of an hour, so that two hours are read.
const NOW: i64 = 1_700_001_000;
const DUE: usize = 3;

/// How many secrets are registered, one after the other in the same table.
const SIZES: [usize; 3] = [100, 1_000, 10_000];

struct Accepts(Mutex<Vec<String>>);

impl Publisher for Accepts {
    fn source(&self) -> Source {
        Source::Sweep
    }

    async fn publish(&self, _: &[Announcement]) -> Result<(), PublishError> {
        Err(PublishError(
            "a retirement is ordered, not announced".into(),
        ))
    }
}

impl Orders for Accepts {
    async fn send(&self, order: &Order) -> Result<(), OrderError> {
        let Order::Retire { name, .. } = order else {
            return Err(OrderError("not a retirement".into()));
        };
        self.0.lock().unwrap().push(name.clone());
        Ok(())
    }
}

impl Asking for Accepts {
    async fn ask(&self, _: &Wanted) -> Result<(), PublishError> {
        Err(PublishError(
            "a retirement is ordered, not asked for".into(),
        ))
    }
}

/// Registers secrets with a deadline a month ahead: the first through the store, the others as copies of
/// its items, because a commit for each of ten thousand takes minutes here.
async fn register(table: &Table, numbers: Range<usize>) {
    let month = 30 * 24 * 60 * 60;
    let of = |number: usize| {
        armed(
            secret(&format!("later/{number:05}")),
            What::Retire,
            NOW + month,
        )
    };
    let first = registered(table, &of(numbers.start)).await;
    let due = first.dues().remove(0);
    let mut originals = table.partition(&format!("SECRET#{}", due.name)).await;
    let bucket = table.partition(&format!("DUE#{}", due.bucket())).await;
    originals.extend(
        bucket
            .into_iter()
            .filter(|item| item["sk"] == text(&due.place())),
    );
    originals.push(HashMap::from([
        ("pk".into(), text("NAMES")),
        ("sk".into(), text(&due.name)),
    ]));
    assert_eq!(originals.len(), 4, "secret, version, deadline and name");

    let copies = numbers.clone().skip(1).flat_map(|number| {
        let copy = of(number).dues().remove(0);
        let renamed = originals.iter().map(|item| renamed(item, &due, &copy));
        renamed.collect::<Vec<_>>()
    });
    table.put_all(copies.collect()).await;

    let last = of(numbers.end - 1);
    let mut loaded = loaded(table, &last.secret.name).await;
    loaded.secret.revision = 0;
    assert_eq!(
        loaded, last,
        "a copy is what the store itself would have written"
    );
}

/// An item of the original's as one of the copy's.
fn renamed(item: &Item, original: &Due, copy: &Due) -> Item {
    let names = [
        (
            format!("SECRET#{}", original.name),
            format!("SECRET#{}", copy.name),
        ),
        (
            format!("DUE#{}", original.bucket()),
            format!("DUE#{}", copy.bucket()),
        ),
        (original.place(), copy.place()),
        (original.name.clone(), copy.name.clone()),
        (original.arn.clone(), copy.arn.clone()),
    ];
    let mut item = item.clone();
    for value in item.values_mut() {
        if let Some((_, new)) = names.iter().find(|(old, _)| *value == text(old)) {
            *value = text(new);
        }
    }
    item
}

/// What the second sweep of a table reads, when `DUE` deadlines are due. The first one finds out where to
/// begin.
async fn swept(store: &RegistryTable, size: usize) -> Usage {
    let accepts = Accepts(Mutex::default());
    let policy = Policy::default();
    sweep(store, &accepts, &accepts, &accepts, &policy, NOW - 600)
        .await
        .unwrap();
    let names: Vec<String> = (0..DUE)
        .map(|number| format!("now/{size}-{number}"))
        .collect();
    for name in &names {
        let state = armed(secret(name), What::Retire, NOW - 60);
        store
            .commit(&Changes::between(None, &state).unwrap())
            .await
            .unwrap();
    }
    let before = store.usage();
    let swept = sweep(store, &accepts, &accepts, &accepts, &policy, NOW)
        .await
        .unwrap();
    let usage = store.usage() - before;
    assert_eq!((swept.due, swept.ordered), (DUE, DUE), "{swept:?}");
    assert_eq!(accepts.0.lock().unwrap().len(), DUE);
    // They are retired, so that the next size begins like this one.
    for name in &names {
        for due in store.load(name).await.unwrap().unwrap().dues() {
            store.take(&due, Next::Done(NOW)).await.unwrap();
        }
    }
    usage
}

#[tokio::test]
async fn a_sweep_reads_what_is_due_however_many_secrets_are_registered() {
    let table = table().await;
    let mut seen: Vec<Usage> = Vec::new();
    let mut report = String::from(
        "sweep reads: 3 due\n  registered  requests  items  read units  write units\n",
    );
    let mut known = 0;
    for size in SIZES {
        let started = Instant::now();
        register(&table, known..size).await;
        known = size;
        let usage = swept(&table.store, size).await;
        writeln!(
            report,
            "  {size:>10}  {:>8}  {:>5}  {:>10}  {:>11}  (registered in {:.1} s)",
            usage.requests,
            usage.items_read,
            usage.read_units,
            usage.write_units,
            started.elapsed().as_secs_f64()
        )
        .unwrap();
        seen.push(usage);
    }
    println!("{report}");
    let buckets = 2 * u64::from(Bucket::SHARDS);
    let (due, cursor) = (u64::try_from(DUE).unwrap(), 1);
    for usage in &seen {
        assert_eq!(usage.items_read, due + cursor);
        assert_eq!(usage.requests, cursor + buckets + due);
        assert_eq!(usage, &seen[0], "the number of secrets is of no account");
    }
}
