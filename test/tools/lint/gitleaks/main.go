//go:build tools

package main

import _ "github.com/zricethezav/gitleaks/v8"
