//! Pieces of CEL text.

/// An expression that holds unless all of these do.
pub(super) fn unless_all(expressions: &[&str]) -> String {
    match expressions {
        [one] => format!("!({one})"),
        several => {
            let all: Vec<String> = several.iter().map(|one| format!("({one})")).collect();
            format!("!({})", all.join(" && "))
        }
    }
}
