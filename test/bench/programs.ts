// Programs that are measured, with as many resources as `bench.json` beside them says. `changed` gives the first one another value.

const START = `
import "./tools/shortcuts/fewer-stack-traces.ts";
import { readFileSync } from "node:fs";
import { DynamicResource } from "./components/engine/dynamic-resource.ts";
import { Compose, Environment } from "./components/dokploy/resources.ts";
const { services, changed } = JSON.parse(readFileSync(new URL("./bench.json", import.meta.url), "utf8"));
`;

/** Small services on the real resources. */
export const SERVICES = `${START}
const owner = { project: "bench", stack: "bench", keyId: "0123456789abcdef" };
const { environmentId } = new Environment("environment", { project: "platform", name: "bench", owner });
for (let i = 0; i < services; i++) {
  const name = "service" + i;
  const composeFile = [
    "services:",
    "  " + name + ":",
    "    image: busybox:1.36",
    "    container_name: " + name,
    "    environment:",
    "      - VALUE=\${VALUE}",
    "    healthcheck:",
    "      test: [CMD, 'true']",
    "      interval: 5s",
    "",
  ].join("\\n");
  const env = { VALUE: changed && i === 0 ? "2" : "1" };
  new Compose(name, { environmentId, name, owner, service: name, composeFile, env });
}
`;

/** As many resources of one number each, whose provider does nothing: what Pulumi itself costs on this machine. */
export const NOTHING = `${START}
const shim = \`exports.handler = () => ({
  diff: async (id, olds, news) => ({ changes: olds.value !== news.value }),
  create: async (inputs) => ({ id: "nothing", outs: inputs }),
  read: async (id, props) => ({ id, props }),
  update: async (id, olds, news) => ({ outs: news }),
});\`;
for (let i = 0; i <= services; i++) {
  new DynamicResource(shim, "bench:Nothing", "nothing" + i, { value: changed && i === 0 ? 2 : 1 }, []);
}
`;
