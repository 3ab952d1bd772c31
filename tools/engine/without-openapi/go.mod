// Stands in for the OpenAPI library of `pulumi cloud`, a command that only talks to Pulumi's own service. The library is
// a sixth of all that the engine's build compiles and nothing else uses it; here the command says so and ends.
module github.com/pb33f/libopenapi

go 1.25.0

require go.yaml.in/yaml/v4 v4.0.0-rc.4
