#!/bin/sh
# The interface of the official image's entrypoint, as far as it is used here.
exec bao "$@"
