// The resource types that this project uses, made through GitHub's REST API. For machines that can reach package registries only: there
// Pulumi's own plugin cannot be had. See plugins.ts for when it is used.
import { main, type Provider } from "@pulumi/pulumi/provider/index.js";
import { takeConfiguration } from "../configuration.ts";
import { differing, marked, plain } from "../props.ts";
import { configure, request } from "./api.ts";
import { RESOURCE_TYPES, type ResourceType } from "./resources.ts";

process.stderr.write("stand-in for pulumi-resource-github: the real plugin is not installed here\n");
takeConfiguration(configure);

const provider: Provider = {
  version: "6.15.0",
  schema: "{}",
  async check(_urn, _olds, news) {
    return { inputs: news };
  },
  async diff(_id, urn, olds, news) {
    const changed = differing(olds, news);
    const replaces = changed.filter((key) => typeOf(urn).fixed.includes(key));
    return { changes: changed.length > 0, replaces };
  },
  async create(urn, inputs) {
    const type = typeOf(urn);
    return { id: await type.create(plain(inputs)), outs: marked(plain(inputs), type.secret ?? []) };
  },
  async read(id, urn, props) {
    const type = typeOf(urn);
    const found = await type.read(id, plain(props));
    return found ? { id, props: marked(found, type.secret ?? []) } : {};
  },
  async update(id, urn, _olds, news) {
    const type = typeOf(urn);
    await type.update(id, plain(news));
    return { outs: marked(plain(news), type.secret ?? []) };
  },
  async delete(id, urn, props) {
    const known = plain(props);
    await request("DELETE", known.repository, typeOf(urn).path(id, known));
  },
};

await main(provider, process.argv.slice(2));

function typeOf(urn: string): ResourceType {
  const token = urn.split("::")[2]?.split("$").at(-1) ?? "";
  const type = RESOURCE_TYPES[token];
  if (!type) throw new Error(`the stand-in does not know ${token}`);
  return type;
}
