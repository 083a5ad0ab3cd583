//! Arguments that are lists of texts: `KEY=VALUE`, and `NAME,…,KEY=VALUE,…`.

/// `KEY=VALUE`.
pub(super) type Pair = (String, String);

/// Reads `KEY=VALUE`; only the first `=` separates.
pub(super) fn pair(text: &str) -> Result<Pair, String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.to_owned()))
        }
        _ => Err(format!("`{text}` is no KEY=VALUE")),
    }
}

/// `KEY=VALUE,…`, in the order of the argument.
#[derive(Clone, Debug)]
pub(super) struct Pairs(pub(super) Vec<Pair>);

/// Reads one pair at least.
pub(super) fn pairs(text: &str) -> Result<Pairs, String> {
    let pairs: Result<Vec<Pair>, String> = text.split(',').map(pair).collect();
    pairs.map(Pairs)
}

/// `NAME,KEY=VALUE,…`: a name with what is said of it.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) pairs: Pairs,
}

/// Reads a name and one pair at least; no name of Kubernetes has a `=`.
pub(super) fn named(text: &str) -> Result<Named, String> {
    let expected = || format!("`{text}` is no NAME,KEY=VALUE,…");
    let (name, rest) = text.split_once(',').ok_or_else(expected)?;
    let name = filled(name).filter(|name| !name.contains('='));
    Ok(Named {
        name: name.ok_or_else(expected)?,
        pairs: pairs(rest)?,
    })
}

/// `POLICY,NAME,KEY=VALUE,…`: what is said of a rule or resource of a policy.
#[derive(Clone, Debug)]
pub(super) struct OfPolicy {
    pub(super) policy: String,
    pub(super) named: Named,
}

/// Reads a policy, a name, and one pair at least.
pub(super) fn of_policy(text: &str) -> Result<OfPolicy, String> {
    let (policy, rest) = text.split_once(',').unwrap_or((text, ""));
    match (filled(policy), named(rest)) {
        (Some(policy), Ok(named)) => Ok(OfPolicy { policy, named }),
        _ => Err(format!("`{text}` is no POLICY,NAME,KEY=VALUE,…")),
    }
}

/// A text that is not empty, without the blanks around it.
pub(super) fn filled(text: &str) -> Option<String> {
    Some(text.trim())
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

/// A name that Kubernetes takes for most objects: lower-case letters, digits, `-` and `.`.
pub(super) fn object_name(text: &str) -> Result<String, String> {
    let may_end = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let fits = text.len() <= 253
        && text.starts_with(may_end)
        && text.ends_with(may_end)
        && text
            .chars()
            .all(|letter| may_end(letter) || matches!(letter, '-' | '.'));
    if fits {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "`{text}` cannot name an object: write lower-case letters, digits, `-` and `.`, from \
             a letter or digit to a letter or digit"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::{named, object_name, of_policy, pair};

    #[test]
    fn arguments_are_split_at_commas_and_equals_signs() {
        assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        for wrong in ["", "a", "=b"] {
            assert!(pair(wrong).is_err(), "{wrong}");
        }
        let rule = of_policy("labels, app ,mode=dev,tier=").unwrap();
        assert_eq!(rule.policy, "labels");
        assert_eq!(rule.named.name, "app");
        let wanted = [("mode", "dev"), ("tier", "")];
        let found: Vec<(&str, &str)> = rule
            .named
            .pairs
            .0
            .iter()
            .map(|(k, v)| (&**k, &**v))
            .collect();
        assert_eq!(found, wanted);
        for wrong in [
            "",
            "labels",
            "labels,app",
            "labels,,a=b",
            ",app,a=b",
            "labels,app,a",
            "labels,app=web,a=b",
        ] {
            assert!(of_policy(wrong).is_err(), "{wrong}");
        }
        for wrong in ["prod", "prod=env=live,a=b"] {
            assert!(named(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_are_those_of_kubernetes() {
        for (name, fits) in [
            ("legacy-app.v2", true),
            ("2", true),
            ("", false),
            ("Legacy", false),
            ("-a", false),
            ("a.", false),
            ("a/b", false),
        ] {
            assert_eq!(object_name(name).is_ok(), fits, "{name}");
        }
    }
}
