//go:build tools

package main

import (
	_ "github.com/minio/mc"
	_ "github.com/minio/minio"
)
