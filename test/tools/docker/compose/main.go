//go:build tools

package main

import _ "github.com/docker/compose/v2/cmd"
