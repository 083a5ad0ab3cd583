//! Paths of the API server that policies write: `/api/v1/namespaces/NAME/configmaps?limit=5`.
//!
//! A path is plain where it leads to what it looks like: proxies and servers on its way read a step
//! such as `..`, `%2e%2e`, `%2f` or `\`, or an empty one, each in its own way.

/// Whether a path stays what it looks like.
#[must_use]
pub fn is_plain(path: &str) -> bool {
    let Some(steps) = path_part(path).strip_prefix('/') else {
        return false;
    };
    let steps = steps.strip_suffix('/').unwrap_or(steps);
    !path.contains(|character: char| character == '#' || character.is_control())
        && steps.split('/').all(is_plain_step)
}

/// Whether a path is plain and about objects of one namespace.
#[must_use]
pub fn is_within(path: &str, namespace: &str) -> bool {
    let mut steps = path_part(path).split('/').skip(1);
    let groups = match steps.next() {
        Some("api") => 0,
        Some("apis") => 1,
        _ => return false,
    };
    let mut steps = steps.skip(groups + "v".len());
    is_plain(path)
        && steps.next() == Some("namespaces")
        && steps.next() == Some(namespace)
        && steps.next().is_some()
}

fn path_part(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}

/// A step that is not empty, leads nowhere else, and hides no character that could.
fn is_plain_step(step: &str) -> bool {
    let mut escapes = step.split('%').skip(1);
    !matches!(step, "" | "." | "..")
        && !step.contains(['\\', ' '])
        && escapes.all(|escape| {
            let digits = escape.get(..2).unwrap_or_default();
            let byte = u8::from_str_radix(digits, 16);
            byte.is_ok_and(|byte| byte > b' ' && !b"./\\%?#".contains(&byte))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_where_it_says() {
        for (path, plain, within) in [
            ("/api/v1/namespaces/a/pods", true, true),
            ("/api/v1/namespaces/a/", true, true),
            ("/api/v1/namespaces/a/pods/p?x=/../b", true, true),
            ("/apis/apps/v1/namespaces/a/deployments", true, true),
            ("/api/v1/namespaces/a/pods/p%3Aq", true, true),
            ("/api/v1/namespaces/a", true, false),
            ("/api/v1/namespaces/b/pods", true, false),
            ("/api/v1/namespaces/ab/pods", true, false),
            ("/api/v1/pods?labelSelector=a/../b", true, false),
            ("/version", true, false),
            // Named elsewhere than where the server looks for it.
            ("/api/v1/namespaces/b/secrets?/namespaces/a/", true, false),
            (
                "/api/v1/namespaces/b/services/s/proxy/namespaces/a/pods",
                true,
                false,
            ),
            ("/apis/v1/namespaces/a/pods", true, false),
            ("/api/x/v1/namespaces/a/pods", true, false),
            ("/other/v1/namespaces/a/pods", true, false),
            ("/api/v1/namespaces/b/secrets#/namespaces/a/", false, false),
            // Steps that lead up, written in each way.
            ("/api/v1/namespaces/a/../b/secrets", false, false),
            ("/api/v1/namespaces/a/./secrets", false, false),
            ("/api/v1/namespaces/a/%2e%2E/b/secrets", false, false),
            ("/api/v1/namespaces/a/.%2e/b/secrets", false, false),
            ("/api/v1/namespaces/a%2f..%2fb/secrets", false, false),
            ("/api/v1/namespaces/a%2F../b", false, false),
            ("/api/v1/namespaces/a/%252e%252e/b", false, false),
            ("/api/v1/namespaces/a/..\\b/secrets", false, false),
            ("/api/v1/namespaces/a/%5c../b", false, false),
            ("/api/v1/namespaces/a%3f/pods", false, false),
            ("/api/v1/namespaces/a%23/pods", false, false),
            ("/api/v1/namespaces/a/%0d%0a", false, false),
            ("/api/v1/namespaces/a/%zz", false, false),
            ("/api/v1/namespaces/a/%2", false, false),
            ("/api/v1/namespaces/a/pods HTTP/1.1", false, false),
            ("/api/v1/namespaces/a/pods?x\r\ny", false, false),
            // Another host, and empty steps.
            ("//elsewhere/api", false, false),
            ("/api/v1/namespaces//secrets", false, false),
            ("/api/v1//namespaces/a/secrets", false, false),
            ("api/v1/namespaces/a/pods", false, false),
            ("https://elsewhere/api/v1/namespaces/a/pods", false, false),
            ("", false, false),
        ] {
            assert_eq!(
                (is_plain(path), is_within(path, "a")),
                (plain, within),
                "{path}"
            );
        }
    }
}
