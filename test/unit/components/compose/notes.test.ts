import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { printProblem } from "../../../../components/compose/problem.ts";
import { renderCompose } from "../../../../components/compose/render.ts";
import { EXAMPLE, inputFor, problemsOf, render } from "./render-example.ts";

/** EXAMPLE with lines added to the container `web`. */
const web = (...lines: string[]) =>
  EXAMPLE.replace("    volumes:", () => `${lines.map((line) => `    ${line}`).join("\n")}\n    volumes:`);
const unchecked = (...lines: string[]) => web(...lines).replace(/ {4}healthcheck:\n.*\n/, "");

/** The notes of a file, which is accepted, as `<kind> <line>:<column>`. */
function notesOf(text: string, data?: string[]): string[] {
  const { rendered, notes, problems } = renderCompose(inputFor(text, data && { data }));
  expect(problems.map(printProblem)).toEqual([]);
  expect(rendered).toBeDefined();
  return notes.map(({ note, line, column }) => `${note} ${line}:${column}`);
}

const own = (text: string) => parse(text).services["platform-web-staging"];

describe("health", () => {
  it.each([
    [
      "only an interval",
      EXAMPLE.replace('test: [CMD, "true"]', "interval: 2s"),
      ["image-health-check 4:5"],
      { interval: "2s" },
    ],
    [
      "only a period",
      EXAMPLE.replace('test: [CMD, "true"]', "start_period: 9s"),
      ["image-health-check 4:5"],
      { interval: "5s", start_period: "9s" },
    ],
    [
      "the image's, on purpose",
      unchecked("x-dockmaster: {health: image}"),
      ["image-health-check 2:3"],
      { interval: "5s" },
    ],
    ["running, on purpose", unchecked("x-dockmaster: {health: running}"), ["no-health-check 2:3"], undefined],
    ["a test of its own", EXAMPLE, [], { interval: "5s", test: ["CMD", "true"] }],
    [
      "one that comes late",
      EXAMPLE.replace('"true"]', '"true"]\n      interval: 10s'),
      ["slow-health-check 6:7"],
      { interval: "10s", test: ["CMD", "true"] },
    ],
    [
      "Docker's own interval",
      EXAMPLE.replace('"true"]', '"true"]\n      interval: "0"'),
      ["slow-health-check 6:7"],
      { interval: "0", test: ["CMD", "true"] },
    ],
  ])("%s", (_name, text, notes, healthcheck) => {
    expect(notesOf(text)).toEqual(notes);
    expect(own(render(text).text).healthcheck).toEqual(healthcheck);
  });

  it.each([
    ["neither a check nor a word of it", unchecked(), "no health check: a crash loop would look like success"],
    [
      "a word beside a test",
      web("x-dockmaster: {health: image}"),
      ":6:20  the container has a `healthcheck` with a test of its own",
    ],
    [
      "running beside the image's",
      EXAMPLE.replace('test: [CMD, "true"]', "interval: 2s\n    x-dockmaster: {health: running}"),
      "`healthcheck` without a test means the image's own",
    ],
    [
      "a word of a one-shot",
      'services:\n  a: {image: "x:1", healthcheck: {test: x}, depends_on: {b: {condition: service_completed_successfully}}}\n  b: {image: "x:1", x-dockmaster: {health: running}}\n',
      "a one-shot is well when it has ended",
    ],
    [
      "to wait for the health of what has none",
      'services:\n  a: {image: "x:1", healthcheck: {test: x}, depends_on: {b: {condition: service_healthy}}}\n  b: {image: "x:1", x-dockmaster: {health: running}}\n',
      ":2:62  `b` has no health check, so it is never healthy  (write `service_started`",
    ],
    [
      "to wait for the health of a one-shot",
      'services:\n  a: {image: "x:1", healthcheck: {test: x}, depends_on: {c: {condition: service_healthy}}}\n  b: {image: "x:1", healthcheck: {test: x}, depends_on: {c: {condition: service_completed_successfully}}}\n  c: {image: "x:1"}\n',
      ":2:62  `c` has no health check, so it is never healthy  (write `service_completed_successfully`",
    ],
  ])("refuses %s", (_name, text, expected) => {
    expect(problemsOf(text)).toEqual([expect.stringContaining(expected)]);
  });
});

describe("notes", () => {
  it.each(["16-latest", "postgresql-latest", "stable", "edge-3", "alpine"])("the tag %s", (tag) => {
    expect(notesOf(EXAMPLE.replace("1.2.3", tag))).toEqual(["unversioned-image 3:5"]);
  });

  it.each(["1.2.3", "v7", "2024.10.5-alpine", "RELEASE.2024-01-01", "1.2-bookworm"])("nothing of the tag %s", (tag) => {
    expect(notesOf(EXAMPLE.replace("1.2.3", tag))).toEqual([]);
  });

  it.each([
    "DB_PASSWORD: hunter2",
    "API_KEY: abc",
    "token: x1y2z3",
    "URL: postgres://u:hunter2@db/x",
    "smtpPassword: s3",
    "ADMIN_PASSWORD: hunt$$er2",
    `DB_PASSWORD: \${DB_PASSWORD:-hunter2}`,
    `URL: postgres://u:\${P:-hunter2}@db/x`,
  ])("a password in clear: %s", (line) => {
    expect(notesOf(web("environment:", `  ${line}`))).toEqual(["clear-password 7:7"]);
    const { notes } = renderCompose(inputFor(web("environment:", `  ${line}`)));
    expect(JSON.stringify(notes)).not.toContain("hunter2");
  });

  it.each([
    "PASSWORD_FILE: /run/secrets/p",
    "SECRET: ''",
    "TOKEN: 'true'",
    "PWD: /srv",
    "A__PASSWORD: file:///run/secrets/a",
    "KEY: a",
    "URL: http://db/x",
    `DB_PASSWORD: \${P:-}`,
    `URL: postgres://u:\${P:-}@db/x`,
  ])("nothing of %s", (line) => {
    expect(notesOf(web("environment:", `  ${line}`))).toEqual([]);
  });

  it("a password in a list, and none that comes from a variable", () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Compose
    expect(notesOf(web('environment: [A_SECRET=x1, "B_SECRET=${B:-}"]'))).toEqual(["clear-password 6:19"]);
  });

  it("a volume that the service does not name in its data, unless nobody asks or it is memory", () => {
    expect(notesOf(EXAMPLE, [])).toEqual(["volume-not-in-data 9:3"]);
    expect(notesOf(EXAMPLE, ["data"])).toEqual([]);
    expect(notesOf(EXAMPLE)).toEqual([]);
    const memory = "data: {driver: local, driver_opts: {type: tmpfs, device: tmpfs, o: 'size=1m,mode=1777'}}\n";
    expect(notesOf(EXAMPLE.replace(/data:\n$/, memory), [])).toEqual([]);
  });

  it("are told beside problems too", () => {
    const { problems, notes } = renderCompose(inputFor(web("restart: alwas").replace("1.2.3", "edge")));
    expect([problems.length, notes.length]).toEqual([1, 1]);
  });
});

describe("x-dockmaster", () => {
  const allow = (note: string) => `x-dockmaster: {allow: [{note: ${note}, why: the image has no versions}]}`;

  it("silences a note in its container, in the whole file, and at a volume", () => {
    const edge = EXAMPLE.replace("1.2.3", "edge");
    expect(notesOf(edge.replace("    volumes:", `    ${allow("unversioned-image")}\n    volumes:`))).toEqual([]);
    expect(notesOf(`${allow("unversioned-image")}\n${edge}`)).toEqual([]);
    expect(notesOf(edge.replace("    volumes:", `    ${allow("clear-password")}\n    volumes:`))).toEqual([
      "unversioned-image 3:5",
    ]);
    expect(notesOf(EXAMPLE.replace(/data:\n$/, `data: {${allow("volume-not-in-data")}}\n`), [])).toEqual([]);
  });

  it("does not reach the server", () => {
    const text = EXAMPLE.replace(/data:\n$/, `data: {${allow("volume-not-in-data")}}\n${allow("unversioned-image")}\n`);
    expect(render(text).text).toBe(render(EXAMPLE).text);
  });

  it.each([
    ["no reason", "{allow: [{note: clear-password}]}", "`why` is missing  (say why it is right here)"],
    ["an empty reason", "{allow: [{note: clear-password, why: ' '}]}", "`why` is empty"],
    [
      "a note that does not exist",
      "{allow: [{note: clear, why: x}]}",
      "`note` is no note that can be allowed  (known are image-health-check",
    ],
    ["a health that does not exist", "{health: fine}", "`health` is no kind of health  (write `image` or `running`)"],
    ["what is no map", "image", "`x-dockmaster` is no map  (write `{health: …}`"],
    ["what is no list", "{allow: clear-password}", "`allow` is no list  (write `allow: [{note: …, why: …}]`)"],
    [
      "a note without its words",
      "{allow: [clear-password]}",
      "`allow.0` is no map  (write `allow: [{note: …, why: …}]`)",
    ],
    ["an unknown key", "{alow: []}", "unknown key `alow`  (known are `allow`, and `health` of a container)"],
  ])("refuses %s", (_name, settings, expected) => {
    expect(problemsOf(web(`x-dockmaster: ${settings}`))).toContainEqual(expect.stringContaining(expected));
  });

  it("counts for the health whatever is wrong beside it", () => {
    expect(problemsOf(unchecked("x-dockmaster: {health: image, allow: [{note: clear-password}]}"))).toEqual([
      expect.stringContaining("`why` is missing"),
    ]);
  });
});
