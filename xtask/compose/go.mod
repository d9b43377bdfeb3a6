module nutkin/compose

go 1.24.0

// Only its schema of Compose files is read: e2e/tests/docker/compose.rs.
require github.com/compose-spec/compose-go/v2 v2.9.1
