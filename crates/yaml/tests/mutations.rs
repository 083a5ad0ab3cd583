//! Mutated texts for a bounded time: the reader never panics, and its two ways agree.

use std::time::{Duration, Instant};

use portcullis_yaml::{Limits, Mode, documents, read, read_document};

const SEEDS: &[&str] = &[
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  labels: {app: web, \"on\": 'yes'}\nspec:\n  containers:\n  - name: c1\n    image: nginx:1.25\n    args: [\"-v\", '--x', y]\n    ports:\n      - containerPort: 8080\n",
    "a: &x {k: v, l: [1, 2.5, 0x1F]}\nb: *x\nc:\n  <<: *x\n  k: 2\n? complex\n: value\n",
    "text: |\n  one\n   two\n\nfolded: >-\n  a\n  b\n\n  c\nplain: word\n  word\n",
    "%YAML 1.1\n%TAG !e! tag:example.com,2000:\n---\n!e!foo {a: !!str 5, b: !!binary aGk=}\n...\n",
    "{\"a\": [1, {\"b\": \"\\u00e9\\n\"}], \"c\": null} {\"d\": true}\n",
    "# comment\n- é: 😀\n- - - x\n-\n- 2020-01-01T00:00:00Z\n- ~\n--- # next\nmore: .5\n",
];

const PIECES: &[&str] = &[
    "\n", "\n  ", " ", "\t", ": ", ":", "- ", "? ", "[", "]", "{", "}", ",", "&a ", "*a", "!",
    "!!int ", "|\n", ">+\n", "'", "\"", "\\", "#", " #", "<<: ", "---\n", "...\n", "%", "@", "~",
    "yes", "0x1F", "1_0", ".inf", "\u{85}", "\u{2028}", "\r\n", "\u{feff}", "é",
];

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    fn mutate(&mut self, text: &str) -> String {
        let mut chars: Vec<char> = text.chars().collect();
        for _ in 0..=self.below(4) {
            let at = self.below(chars.len() + 1);
            let end = (at + self.below(12)).min(chars.len());
            match self.below(4) {
                0 => drop(chars.drain(at..end)),
                1 => {
                    let copy: Vec<char> = chars.iter().take(end).skip(at).copied().collect();
                    let to = self.below(chars.len() + 1);
                    chars.splice(to..to, copy);
                }
                _ => {
                    let piece = PIECES
                        .get(self.below(PIECES.len()))
                        .copied()
                        .unwrap_or_default();
                    chars.splice(at..at, piece.chars());
                }
            }
        }
        chars.into_iter().collect()
    }
}

fn check(text: &str) {
    for mode in [Mode::Lenient, Mode::Strict, Mode::V3] {
        let value = read(text, mode, &Limits::default());
        let with_spans = read_document(text, mode, &Limits::default());
        if let Ok(document) = &with_spans {
            let root = document.spans.nearest(&[]);
            assert!(text.get(root).is_some(), "{mode:?} {text:?}");
        }
        assert_eq!(
            value,
            with_spans.map(|document| document.value),
            "{mode:?} {text:?}"
        );
    }
    for document in documents(text) {
        assert!(
            document.offset <= text.len() && document.line > 0,
            "{text:?}"
        );
        let _ = document.read(Mode::Lenient, &Limits::default());
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "the count tells how far the loop came")]
fn mutated_texts_never_panic() {
    let seconds = std::env::var("PORTCULLIS_FUZZ_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(2);
    let start = Instant::now();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut inputs = 0;
    while start.elapsed() < Duration::from_secs(seconds) {
        for seed in SEEDS {
            check(&random.mutate(seed));
            inputs += 1;
        }
    }
    eprintln!("{inputs} mutated texts in {seconds} s");
    assert!(inputs > 100);
}
