import { parse } from "dotenv";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { secretsToKeep } from "../../../../cli/stack/adopt/adopted-service.ts";
import { readEnv } from "../../../../cli/stack/read-env.ts";
import { decodeEnv } from "../../../../components/dokploy/api/env.ts";

const composeFile = "services: {}\nsecrets: {password: {environment: A}}\n";
const wanted = { composeFile, env: { A: "generated" }, routes: [], inVault: [] };

describe("a password to keep is what Dokploy's own reader makes of the env", () => {
  it.each([
    ["an escaped quote", 'A="it\\"s"', 'it\\"s'],
    ["text behind a quote", "A='x'y", "'x'y"],
    ["a colon", "A: v", "v"],
    ["an escaped carriage return", 'A="x\\ry"', "x\ry"],
    ["the last of two", "A=1\nA=2", "2"],
    ["a comment", "A=x # y", "x"],
    ["several lines", "A='x\ny'", "x\ny"],
  ])("%s", (_, env, value) => {
    expect(secretsToKeep({ env }, wanted, [])).toEqual([{ name: "password", value }]);
  });

  it("whatever stands there, and the program reads the same", () => {
    const part = fc.constantFrom(
      ...[
        "A",
        "B",
        "export ",
        "=",
        ": ",
        " ",
        "'",
        '"',
        "`",
        "\\",
        "\\n",
        "\\r",
        "#",
        "$",
        "\n",
        "\r\n",
        "\r",
        "x",
        "__proto__",
      ],
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(part, { maxLength: 20 }).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(text, (env) => {
        const theirs = Object.fromEntries(Object.entries(parse(env)));
        expect(readEnv(env)).toEqual(theirs);
        expect(decodeEnv(env)).toEqual(theirs);
      }),
      { numRuns: 3_000 },
    );
  });
});
