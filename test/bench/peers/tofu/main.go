//go:build tools
package main
import _ "github.com/opentofu/opentofu/cmd/tofu"
