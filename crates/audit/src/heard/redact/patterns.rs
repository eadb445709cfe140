//! What secrets look like.

/// One kind of secret.
pub(super) struct Pattern {
    /// What stands in its place.
    pub kind: &'static str,
    /// One of these stands in every text that has one, in lower case. Looking for them is cheap.
    pub needs: &'static [&'static str],
    /// Where it may be. The group `secret` is replaced, or all of it where there is none.
    pub expression: &'static str,
    /// Whether it is one, by the group `by` and the secret.
    pub judge: fn(&str, &str) -> bool,
}

const fn always(
    kind: &'static str,
    needs: &'static [&'static str],
    expression: &'static str,
) -> Pattern {
    Pattern {
        kind,
        needs,
        expression,
        judge: |_, _| true,
    }
}

/// The larger ones first: a token in a private key is no longer there to be found.
pub(super) const PATTERNS: &[Pattern] = &[
    // To the end of the text, when its end was cut off.
    always(
        "private_key",
        &["private key"],
        r"(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|$)",
    ),
    // RFC 7519: the Base64 of `{"` begins with eyJ.
    always(
        "jwt",
        &["eyj"],
        r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+){1,4}",
    ),
    // RFC 3986, section 3.2.1. A password may hold what should have been escaped.
    Pattern {
        kind: "url_password",
        needs: &["://"],
        expression: r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@?#]*:(?P<secret>\S+)@",
        judge: |_, secret| !is_port(secret),
    },
    // IAM User Guide, "IAM identifiers", "Understanding unique ID prefixes".
    always(
        "aws_access_key",
        &["akia", "asia"],
        r"(?:AKIA|ASIA)[A-Z0-9]{16}",
    ),
    always(
        "aws_session_token",
        &["fwogzxivyxdz", "iqojb3jpz2lu"],
        r"(?:FwoGZXIvYXdz|IQoJb3JpZ2lu)[A-Za-z0-9/+=]{40,}",
    ),
    Pattern {
        kind: "aws_secret_key",
        // Nothing but its length tells it.
        needs: &[],
        expression: r"[A-Za-z0-9/+]{40,}",
        judge: |_, secret| is_random_40(secret),
    },
    always(
        "github_token",
        &["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"],
        r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}",
    ),
    always("gitlab_token", &["glpat-"], r"glpat-[A-Za-z0-9_-]{20,}"),
    always(
        "slack_token",
        &["xox", "xapp-", "hooks.slack.com"],
        r"xox[a-z]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}|hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]+",
    ),
    always(
        "stripe_key",
        &["k_live_", "k_test_", "whsec_"],
        r"[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=_-]{16,}",
    ),
    always("google_key", &["aiza"], r"AIza[A-Za-z0-9_-]{35}"),
    always(
        "sendgrid_key",
        &["sg."],
        r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    ),
    // What PostgreSQL keeps of a password.
    always(
        "password_verifier",
        &["scram-sha-256"],
        r"SCRAM-SHA-256\$[0-9]+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+",
    ),
    Pattern {
        kind: "authorization",
        needs: &["bearer", "basic"],
        expression: r"(?i)\b(?:bearer|basic)\s+(?P<secret>[A-Za-z0-9._~+/-]{16,}=*)",
        judge: |_, secret| secret.contains(|c: char| c.is_ascii_digit()),
    },
    Pattern {
        kind: "password",
        needs: &["password"],
        expression: r#"(?i)password\s+(?P<secret>'[^']+(?:'|$)|"[^"]+(?:"|$))"#,
        judge: |_, _| true,
    },
    // `secret:` alone is the middle of an ARN.
    Pattern {
        kind: "password",
        needs: &[
            "passw",
            "passphrase",
            "pwd",
            "token",
            "secret",
            "key",
            "credential",
        ],
        expression: r#"(?i)(?:passw(?:or)?d|passphrase|pwd|token|(?:client|shared|signing)[ _-]?secret|(?:access|api|secret|private)[ _-]?key|credentials?)["']?(?P<by>\s*[:=]+>?\s*)(?P<secret>"[^"]*(?:"|$)|'[^']*(?:'|$)|[^\s"']\S*)"#,
        judge: is_value,
    },
    always(
        "password",
        &["secret"],
        r#"(?i)secret["']?\s*=+>?\s*(?P<secret>"[^"]*(?:"|$)|'[^']*(?:'|$)|[^\s"']\S*)"#,
    ),
];

impl Pattern {
    /// Whether there may be one in a text, which is given in lower case.
    pub(super) fn may_be_in(&self, lower: &str) -> bool {
        self.needs.is_empty() || self.needs.iter().any(|need| lower.contains(need))
    }
}

/// Whether it is the port of an address without a user, followed by a path with an `@`.
fn is_port(text: &str) -> bool {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < text.len() && rest.starts_with(['/', '?', '#'])
}

/// AWS secret access keys are 40 random characters. A digest in hexadecimal digits, as of git, is none.
fn is_random_40(text: &str) -> bool {
    let has = |kind: fn(&char) -> bool| text.chars().any(|c| kind(&c));
    text.len() == 40
        && has(char::is_ascii_uppercase)
        && has(char::is_ascii_lowercase)
        && has(|c| !c.is_ascii_alphabetic())
}

/// Behind an equals sign stands a value. Behind a colon and a space may stand a sentence: "password: too
/// short".
fn is_value(by: &str, text: &str) -> bool {
    let is_sentence = by.contains(':') && by.ends_with(char::is_whitespace);
    let word = text.trim_end_matches(['.', ',', ';', ':', '!', '?', ')']);
    let is_word = word.len() < 16 && word.chars().all(|c| c.is_alphabetic() || "-'".contains(c));
    !(is_sentence && is_word)
}
