// sdk v3.68.0 is the last release whose Go module holds the Node.js language host; it drives current engines unchanged.
module dockmaster.local/tools/language-host

go 1.25

require github.com/pulumi/pulumi/sdk/v3 v3.68.0
