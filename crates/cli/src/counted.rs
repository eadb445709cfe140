/// `1 session`, `2 sessions`.
pub fn counted(count: u64, thing: &str) -> String {
    if count == 1 {
        format!("{count} {thing}")
    } else {
        format!("{count} {thing}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        let told = [0, 1, 2].map(|count| counted(count, "session"));
        assert_eq!(told, ["0 sessions", "1 session", "2 sessions"]);
    }
}
