//! Image references: parts, defaults, and the names that registries take.

use proptest::prelude::*;

use super::*;

const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// `registry|path|name|tag|reference|referenceWithTag`
fn check(image: &str, expected: &str) {
    let found = ImageInfo::parse(image, &ImageOptions::default());
    assert_eq!(described(found), expected, "{image}");
}

fn described(info: Result<ImageInfo, ImageError>) -> String {
    match info {
        Err(error) => error.to_string(),
        Ok(i) => [
            i.registry,
            i.path,
            i.name,
            i.tag,
            i.reference,
            i.reference_with_tag,
        ]
        .join("|"),
    }
}

#[test]
fn images_come_apart() {
    check(
        "redis",
        "docker.io|redis|redis|latest|docker.io/redis:latest|docker.io/redis:latest",
    );
    check("a/b:1", "docker.io|a/b|b|1|docker.io/a/b:1|docker.io/a/b:1");
    check(
        "host:80/a/b",
        "host:80|a/b|b|latest|host:80/a/b:latest|host:80/a/b:latest",
    );
    check(
        "localhost/x:_1",
        "localhost|x|x|_1|localhost/x:_1|localhost/x:_1",
    );
    check("HOST/x", "HOST|x|x|latest|HOST/x:latest|HOST/x:latest");
    check(
        "[::1]:80/x",
        "[::1]:80|x|x|latest|[::1]:80/x:latest|[::1]:80/x:latest",
    );
    let digest = format!("q.io/a@{DIGEST}");
    check(&digest, &format!("q.io|a|a||{digest}|q.io/a:"));
    check(
        &format!("q.io/a:1@{DIGEST}"),
        &format!("q.io|a|a|1|{digest}|q.io/a:1"),
    );
}

#[test]
fn wrong_images_say_what_is_wrong() {
    for (image, part) in [
        ("", "write `registry/path:tag`"),
        ("a b", "write `registry/path:tag`"),
        ("a/", "write `registry/path:tag`"),
        ("a:", "write `registry/path:tag`"),
        ("a___b", "write `registry/path:tag`"),
        ("a@sha256:12", "write `registry/path:tag`"),
        ("a/B", "lower case"),
        ("a@sha1:0123456789abcdef0123456789abcdef01234567", "digest"),
        (&"a".repeat(256), "255"),
    ] {
        let error = ImageInfo::parse(image, &ImageOptions::default()).unwrap_err();
        assert!(error.to_string().contains(part), "{image}: {error}");
    }
}

#[test]
fn the_default_registry_is_an_option() {
    let mut options = ImageOptions {
        default_registry: "own.io".to_owned(),
        enable_default_registry_mutation: true,
    };
    let shown = described(ImageInfo::parse("a/b", &options));
    assert_eq!(
        shown,
        "own.io|a/b|b|latest|own.io/a/b:latest|own.io/a/b:latest"
    );
    options.enable_default_registry_mutation = false;
    let hidden = described(ImageInfo::parse("a/b", &options));
    assert_eq!(hidden, "|a/b|b|latest|a/b:latest|a/b:latest");
    let under = described(ImageInfo::parse("a_b/c", &options));
    assert_eq!(under, "a_b|c|c|latest|a_b/c:latest|a_b/c:latest");
}

#[test]
fn options_come_from_texts() {
    for (registry, flag, expected) in [
        (None, None, ("docker.io", true)),
        (Some("own.io/proxy"), Some("true"), ("own.io/proxy", true)),
        (Some("own.io:5000"), Some("0"), ("docker.io", false)),
        (Some("10.0.0.1"), Some("no"), ("docker.io", true)),
        (Some("-x"), Some("False"), ("docker.io", false)),
    ] {
        let found = ImageOptions::from_config(registry, flag);
        let mutation = found.enable_default_registry_mutation;
        assert_eq!((found.default_registry.as_str(), mutation), expected);
    }
}

#[test]
fn names_for_registries() {
    for (image, weak, strict) in [
        (
            "redis",
            "https index.docker.io/library/redis:latest",
            "the tag is missing",
        ),
        (
            "redis:1",
            "https index.docker.io/library/redis:1",
            "the registry is missing",
        ),
        (
            "docker.io/library/redis:1",
            "https index.docker.io/library/redis:1",
            "https index.docker.io/library/redis:1",
        ),
        (
            "docker.io/redis:1",
            "https index.docker.io/library/redis:1",
            "`library/` is missing",
        ),
        (
            "127.0.0.1:80/ab:1",
            "http 127.0.0.1:80/ab:1",
            "http 127.0.0.1:80/ab:1",
        ),
        (
            "10.1.2.3/ab",
            "http 10.1.2.3/ab:latest",
            "the tag is missing",
        ),
        (
            "a.localhost/ab:x",
            "http a.localhost/ab:x",
            "http a.localhost/ab:x",
        ),
        ("q.io/a:1", "2 to 255", "2 to 255"),
        ("q.io:x/ab", "not a host name", "the tag is missing"),
        ("q.io/ab:", "after the colon", "after the colon"),
        (
            "q.io/ab@sha256:12",
            "64 lower-case hex digits",
            "64 lower-case hex digits",
        ),
    ] {
        for (strictness, expected) in [(Strictness::Weak, weak), (Strictness::Strict, strict)] {
            let found = match RegistryReference::parse(image, strictness) {
                Ok(reference) => format!("{} {}", reference.scheme(), reference.name()),
                Err(error) => error.to_string(),
            };
            assert!(found.contains(expected), "{image}: {found}");
        }
    }
}

proptest! {
    #[test]
    fn no_text_panics(image in "[a-zA-Z0-9._:/@-]{0,40}|\\PC*") {
        let _ = RegistryReference::parse(&image, Strictness::Weak);
        let _ = RegistryReference::parse(&image, Strictness::Strict);
        if let Ok(info) = ImageInfo::parse(&image, &ImageOptions::default()) {
            let again = ImageInfo::parse(&info.reference, &ImageOptions::default()).unwrap();
            prop_assert_eq!(again.reference, info.reference);
        }
    }
}
