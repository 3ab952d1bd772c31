// Reads compose files as Docker Compose does, without Docker: the same compose-go, of the version that test/tools/docker/compose builds with.
module dockmaster.local/tools/compose-reader

go 1.24.7

require (
	github.com/compose-spec/compose-go/v2 v2.9.0
	github.com/distribution/reference v0.6.0
	github.com/docker/docker v28.5.0+incompatible
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.1
	github.com/sirupsen/logrus v1.9.3
	go.yaml.in/yaml/v3 v3.0.4
)

require (
	github.com/docker/go-connections v0.6.0 // indirect
	github.com/docker/go-units v0.5.0 // indirect
	github.com/go-viper/mapstructure/v2 v2.4.0 // indirect
	github.com/mattn/go-shellwords v1.0.12 // indirect
	github.com/moby/docker-image-spec v1.3.1 // indirect
	github.com/opencontainers/go-digest v1.0.0 // indirect
	github.com/opencontainers/image-spec v1.1.1 // indirect
	github.com/xhit/go-str2duration/v2 v2.1.0 // indirect
	golang.org/x/sync v0.3.0 // indirect
	golang.org/x/sys v0.5.0 // indirect
	golang.org/x/text v0.14.0 // indirect
)
