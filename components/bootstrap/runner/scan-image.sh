# Builds the runner's image and looks for known holes in it, as CI does; its push comes after this, of the same layers.
# Ends with a failure when one of them is high or critical and has a fix.
set -eu
command -v trivy > /dev/null || {
  echo "trivy is not installed here: install it (https://trivy.dev), or name an image that CI scanned as bootstrap:image.use" >&2
  exit 1
}
docker build --quiet --platform "$PLATFORM" --build-arg "COMMIT=$COMMIT" --build-arg "RELEASE=$RELEASE" --tag "$IMAGE" "$CONTEXT" > /dev/null
trivy image --quiet --scanners vuln --severity HIGH,CRITICAL --ignore-unfixed --exit-code 1 "$IMAGE" >&2
echo "scanned: no known holes that are high or critical and have a fix"
