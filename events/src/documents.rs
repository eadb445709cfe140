//! What others read instead of our types, written from them: the page, the AsyncAPI document, the schemas
//! for EventBridge. The files are committed; the tests hold them to what stands here.

mod asyncapi;
mod page;
mod registry;
mod yaml;

pub use asyncapi::async_api;
pub use page::events_page;
pub use registry::schema_registry;

/// How each of the files is written anew, for its first lines.
const WRITTEN_BY: &str = "REKEY_BLESS=1 cargo test -p rekey-events --all-features";

/// What a description says first, on one line.
fn first_sentence(description: &str) -> String {
    let line = description.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.split_once(". ") {
        Some((first, _)) => format!("{first}."),
        None => line,
    }
}
