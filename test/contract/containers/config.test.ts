// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are Compose's variables
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { whyNoDocker } from "../../docker.ts";
import { asConfig, env, files, web } from "../../unit/emulator/containers/compose-files.ts";
import { readSimulated } from "../../unit/emulator/containers/readings.ts";
import recorded from "../../unit/emulator/containers/recorded-readings.json" with { type: "json" };
import { composeVersion, readWithCompose } from "./compose-config.ts";

const missing = await whyNoDocker("busybox:1.36");
if (missing && process.env.REQUIRE_DOCKER === "1") throw new Error(missing);
const version = missing ? "" : composeVersion();
const other = version === "2.40.0" ? undefined : `recorded with Compose 2.40.0, here is ${version}`;

describe.skipIf(missing ?? other)(
  `docker compose config reads files as recorded${(missing ?? other) ? ` (${missing ?? other})` : ""}`,
  { timeout: 60_000 },
  () => {
    for (const [name, text] of Object.entries(files))
      test(name, () => {
        expect(readWithCompose(text, env)).toEqual((recorded as Record<string, unknown>)[name]);
      });
  },
);

describe.skipIf(missing)(
  `docker compose config and the simulation's reading of compose files${missing ? ` (${missing})` : ""}`,
  { timeout: 60_000 },
  () => {
    const bits = fc.constantFrom(
      "a",
      "$",
      "$$",
      "${X}",
      "$Y",
      "\\",
      '"',
      "'",
      "#",
      " #",
      " ",
      "\n",
      "\t",
      "=",
      ":",
      "\\n",
      "\\$",
      "ü",
      "😀",
    );
    const nasty = fc.array(bits, { maxLength: 12 }).map((parts) => parts.join(""));
    const sample = (seed: number, count: number) => fc.sample(nasty, { seed, numRuns: count });

    test("values that Dokploy wrote into .env arrive as they were", () => {
      const values = sample(1, 300);
      // As Dokploy writes them since v0.30.0.
      const written = values.map((value, index) => `V${index}="${value.replace(/[\\"$]/g, "\\$&")}"`).join("\n");
      const text = web(`environment:\n${values.map((_, index) => `  - "V${index}=\${V${index}}"`).join("\n")}`);
      const simulated = readSimulated(text, written);
      expect(simulated).toEqual(readWithCompose(text, written));
      expect(simulated).toMatchObject({
        services: { web: { environment: Object.fromEntries(values.map((value, index) => [`V${index}`, value])) } },
      });
    });

    test("lines of any kind in .env are read as Compose reads them", () => {
      for (const [index, lines] of [sample(2, 40), sample(3, 40), sample(4, 40)].entries()) {
        const quotes = ["", "'", '"'];
        // One variable a file where it may be refused; here only whole lines that both can read.
        const readable = lines
          .map((value, at) => `V${at}=${quotes[at % 3]}${value.replaceAll("\n", "")}${quotes[at % 3]}`)
          .filter((line) => !("refused" in readSimulated(web("command: [a]"), line)));
        const text = web(`environment: [${readable.map((line) => line.split("=")[0]).join(", ")}]`);
        expect(readSimulated(text, readable.join("\n")), `sample ${index}`).toEqual(
          readWithCompose(text, readable.join("\n")),
        );
      }
    });

    test("text of any kind as Dokploy writes it is read as Compose reads it", () => {
      const readable = sample(5, 200).filter((value) => !("refused" in readSimulated(asConfig(value))));
      const configs = Object.fromEntries(
        readable.map((content, index) => [`c${index}`, { content: content.replaceAll("$", "$$$$") }]),
      );
      const text = stringify(
        { services: { web: { image: "a", configs: Object.keys(configs) } }, configs },
        { lineWidth: 1000 },
      );
      expect(readable.length).toBeGreaterThan(150);
      expect(readSimulated(text)).toEqual(readWithCompose(text));
    });

    test("text that Compose cannot interpolate is refused by both", () => {
      const refused = sample(6, 2000).filter(
        (value) => value.includes("${") && "refused" in readSimulated(web(`command: [${JSON.stringify(value)}]`)),
      );
      for (const value of refused.slice(0, 5)) {
        const text = web(`command: [${JSON.stringify(value)}]`);
        expect(readSimulated(text)).toEqual(readWithCompose(text));
      }
    });
  },
);
