// `docker:index:Image`, as far as it can be had without a registry: nothing is built, but what a build would read has to be there, and the
// digest changes when any of that does. For machines that can reach package registries only. See plugins.ts for when it is used.
import { createHash } from "node:crypto";
import { appendFileSync, readFileSync, statSync } from "node:fs";
import { main, type Provider } from "@pulumi/pulumi/provider/index.js";
import { differing, type Props, plain } from "../props.ts";

process.stderr.write("stand-in for pulumi-resource-docker: the real plugin is not installed here\n");

interface Build {
  context: string;
  dockerfile: string;
  args: Record<string, string>;
  platform: string;
}

/** Notes a push in the file named by PUSHED_IMAGES, and answers like the real plugin. */
function push(inputs: Props): Props {
  const { imageName, build, registry } = plain(inputs) as { imageName: string; build: Build; registry?: Props };
  if (!statSync(build.context).isDirectory()) throw new Error(`${build.context} is no build context`);
  const hash = createHash("sha256")
    .update(readFileSync(build.dockerfile))
    .update(JSON.stringify([imageName, build.args]));
  const repository = imageName.slice(0, imageName.lastIndexOf(":"));
  const repoDigest = `${repository}@sha256:${hash.digest("hex")}`;
  const line = { imageName, repoDigest, build, user: registry?.username };
  appendFileSync(process.env.PUSHED_IMAGES ?? "", `${JSON.stringify(line)}\n`);
  return { ...inputs, repoDigest, baseImageName: imageName, registryServer: registry?.server ?? "" };
}

const provider: Provider = {
  version: "5.2.0",
  schema: "{}",
  async check(_urn, _olds, news) {
    return { inputs: news };
  },
  async diff(_id, _urn, olds, news) {
    // As with the real plugin another password is no other image.
    const changed = differing(olds, news).filter((key) => key !== "registry");
    return { changes: changed.length > 0 };
  },
  async create(_urn, inputs) {
    const outs = push(inputs);
    return { id: String(outs.repoDigest), outs };
  },
  async read(id, _urn, props) {
    return { id, props };
  },
  async update(_id, _urn, _olds, news) {
    return { outs: push(news) };
  },
  async delete() {},
};

await main(provider, process.argv.slice(2));
