# `just STEP`, or `.ci/run STEP` where `just` is not installed. The commands are in `.ci/run`.

# Lists the recipes.
default:
    @just --list

# Everything that a change must pass.
ci:
    .ci/run

# Builds and runs every test.
test:
    .ci/run test

# Checks the format.
fmt:
    .ci/run fmt

# Lints all code.
lint:
    .ci/run lint

# Checks what holds for the repository as a whole: arrows between crates, references, orphans.
tidy:
    .ci/run tidy

# Builds the documentation.
doc:
    .ci/run doc

# Checks licences, sources and owners of dependencies.
deny:
    .ci/run deny

# Replays the public suites and golden tables, if they are there.
conformance:
    .ci/run conformance

# Changes every policy of the library in every way that its suite should notice.
mutants:
    .ci/run mutants
