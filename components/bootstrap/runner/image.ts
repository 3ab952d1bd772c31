import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { local } from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { registryOf } from "./registry.ts";

export interface RunnerImageArgs {
  /** Folder of the checkout, absolute. */
  folder: string;
  /** Where it is pushed, without a tag, e.g. `ghcr.io/you/dockmaster`. */
  repository: string;
  /** The commit it is made from, for its label. */
  commit: string;
  /** The release that names this commit; becomes the tag. */
  release: string;
  /** Of the server it will run on, e.g. `linux/amd64`. */
  platform: string;
  /** Looks for known holes before the push, with Trivy. Default false. */
  scan?: boolean;
  /** Who pushes. The laptop's own `docker login` unless given. */
  login?: { username: string; password: string };
}

const SCRIPT = join(import.meta.dirname, "scan-image.sh");

/** Builds the image as the push will, from the same cache, and fails when Trivy finds what it should not have. */
function scanImage(
  name: string,
  { context, commit, release, platform }: { context: string; commit: string; release: string; platform: string },
  parent: pulumi.Resource,
): local.Command {
  const environment = { CONTEXT: context, COMMIT: commit, RELEASE: release, PLATFORM: platform };
  return new local.Command(
    `${name}-scan`,
    {
      create: readFileSync(SCRIPT, "utf8"),
      environment: { ...environment, IMAGE: `dockmaster:scan-${release}` },
      // Another commit is another image; of the same one the last word stays.
      triggers: [commit, release, platform],
      addPreviousOutputInEnv: false,
    },
    { parent },
  );
}

/** The runner's image, built from this checkout and pushed. Needs Docker where the update runs. */
export class RunnerImage extends pulumi.ComponentResource {
  /** Name with release and digest, e.g. `ghcr.io/you/dockmaster:v1.2.4@sha256:…`: says what it is, and cannot move. */
  declare readonly reference: pulumi.Output<string>;

  constructor(name: string, args: RunnerImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("dockmaster:runner:Image", name, {}, opts);
    const { repository, commit, release, platform, scan = false, login } = args;
    // Relative, as every checkout has another absolute path, and that would be a change.
    const context = relative(process.cwd(), args.folder) || ".";
    const imageName = `${repository}:${release}`;
    const scanned = scan ? [scanImage(name, { context, commit, release, platform }, this)] : [];
    const image = new docker.Image(
      name,
      {
        imageName,
        build: { context, dockerfile: `${context}/Dockerfile`, platform, args: { COMMIT: commit, RELEASE: release } },
        ...(login && {
          registry: {
            server: registryOf(repository),
            username: login.username,
            password: pulumi.secret(login.password),
          },
        }),
      },
      { parent: this, dependsOn: scanned },
    );
    this.reference = image.repoDigest.apply((pushed) => `${imageName}@${pushed.slice(pushed.indexOf("@") + 1)}`);
    this.registerOutputs({ reference: this.reference });
  }
}
