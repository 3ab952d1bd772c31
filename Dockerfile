# The runner's image, of door and engine worker. `pulumi up --stack bootstrap` builds and pushes it; see docs/guides/bootstrap.md.

# The tag says what it is, the digest which one: the same for everybody, until a pull request changes it.
FROM node:24.21.0-bookworm-slim@sha256:d6aa754f16b3197301076f047b5def2f02ea1dbbc2ca920407d46d7ec7f87b20 AS base

# The official engine, checked against the sums in this repository, cut down to what a TypeScript program with a dynamic provider needs.
FROM base AS engine
ARG PULUMI_VERSION=3.259.0
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates curl \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /download
COPY tools/engine-checksums.txt ./
RUN case "$(dpkg --print-architecture)" in amd64) arch=x64 ;; arm64) arch=arm64 ;; *) exit 1 ;; esac \
 && archive="pulumi-v${PULUMI_VERSION}-linux-${arch}.tar.gz" \
 && releases="https://github.com/pulumi/pulumi/releases/download/v${PULUMI_VERSION}" \
 && curl --fail --silent --show-error --location --remote-name "${releases}/${archive}" \
 && grep "  ${archive}\$" engine-checksums.txt | sha256sum --check --strict - \
 && mkdir /opt/pulumi \
 && tar --extract --gzip --file "${archive}" --strip-components=1 --directory /opt/pulumi \
      pulumi/pulumi pulumi/pulumi-language-nodejs pulumi/pulumi-resource-pulumi-nodejs

# What the lock file names, without development tools; scripts of packages never run.
FROM base AS modules
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && npm cache clean --force

FROM base
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates curl git openssh-client \
 && rm -rf /var/lib/apt/lists/* \
 && install --directory --owner=1000 --group=1000 --mode=0700 /data \
 && install --directory --owner=0 --group=0 --mode=0711 /engine \
 && install --directory --owner=0 --group=1000 --mode=0710 /run/engine \
 && install --directory --owner=0 --group=0 --mode=0755 /run/engines

# What changes least comes first, so that a new release pushes one small layer.
COPY --from=engine /opt/pulumi /opt/pulumi
WORKDIR /app
COPY --from=modules /app/node_modules ./node_modules
COPY package.json package-lock.json ./
COPY tools/engine-path.mjs tools/engine-checksums.txt tools/run-program.mjs tools/secret-parts.mjs ./tools/
COPY tools/outgoing ./tools/outgoing
COPY tools/shortcuts ./tools/shortcuts
COPY tools/engine ./tools/engine
COPY tools/language-host ./tools/language-host
COPY text ./text
# What looks at what runs, with the release's own functions.
COPY components ./components
COPY automation ./automation

# Two processes: the door (user 1000, /data) and the engine worker (root with five capabilities, /engine, its socket in /run/engine), which
# runs each run as a user without a name. A new volume takes owner and mode from here.
# Only /data or /engine, /run/engine and /tmp are written to; everything else may be mounted read-only.
# Threads take memory of their own from the system, and keep it: 3 MiB a process that nothing is the quicker for.
ENV PATH=/opt/pulumi:$PATH \
    NODE_ENV=production \
    MALLOC_ARENA_MAX=1 \
    HOST=0.0.0.0 \
    PORT=8080 \
    DATA_DIR=/data \
    HOME=/tmp \
    npm_config_cache=/data/npm
USER 1000:1000
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=5 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/health/live').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]

# Last, because they change with every release.
ARG COMMIT
ARG RELEASE
LABEL org.opencontainers.image.title="dockmaster" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${COMMIT}" \
      org.opencontainers.image.version="${RELEASE}"
# The process cannot read its image's labels; `/health` says these.
ENV DOCKMASTER_IMAGE_RELEASE=${RELEASE} \
    DOCKMASTER_IMAGE_COMMIT=${COMMIT}
CMD ["node", "automation/main.mjs"]
