//! The store in memory keeps what every store promises, and the suite finds one that does not.

use rekey_registry::testing::{MemoryStore, store_suite};

#[tokio::test]
async fn the_store_in_memory_keeps_every_promise() {
    let kept = store_suite::run(&MemoryStore::new()).await.unwrap();
    println!("store: {kept} promises");
    assert_eq!(kept, 19);
}
