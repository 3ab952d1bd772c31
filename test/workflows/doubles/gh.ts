// Stands in for GitHub's command line: keeps releases, issues and comments in a file and records what it was asked.
// What it does not know it refuses, as `gh` does with unknown flags.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { GitHub } from "../github.ts";

const folder = process.env.GH_DOUBLE ?? "";
const file = join(folder, "github.json");
const state = existsSync(file)
  ? (JSON.parse(readFileSync(file, "utf8")) as GitHub)
  : ({ releases: {}, labels: [], issues: [], comments: [] } satisfies GitHub);

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

const words = process.argv.slice(2);
appendFileSync(join(folder, "calls.jsonl"), `${JSON.stringify(words)}\n`);
if (!process.env.GH_TOKEN)
  fail("gh: To use GitHub CLI in a GitHub Actions workflow, set the GH_TOKEN environment variable.");
if (!process.env.GH_REPO) fail("gh: set GH_REPO");

const text = (name: string) => [name, { type: "string" as const }];
const flag = (name: string) => [name, { type: "boolean" as const }];
function read(args: string[], ...options: (string | object)[][]) {
  try {
    const known = Object.fromEntries(options) as Record<string, { type: "string" | "boolean" }>;
    const { values, positionals } = parseArgs({ args, options: known, allowPositionals: true });
    return { values: values as Record<string, string>, name: positionals[0] ?? "" };
  } catch (error) {
    return fail((error as Error).message);
  }
}
const stdin = () => readFileSync(0, "utf8");
const [group, verb, ...rest] = words;
switch (`${group} ${group === "api" ? "" : verb}`.trim()) {
  case "release view": {
    const { name } = read(rest, text("json"));
    if (!(name in state.releases)) fail("release not found");
    console.log(JSON.stringify({ tagName: name }));
    break;
  }
  case "release create": {
    const { name } = read(rest, flag("verify-tag"), text("title"), text("notes-file"));
    if (name in state.releases) fail(`a release with the same tag name already exists: ${name}`);
    state.releases[name] = stdin();
    break;
  }
  case "release edit": {
    const { name } = read(rest, text("title"), text("notes-file"));
    if (!(name in state.releases)) fail("release not found");
    state.releases[name] = stdin();
    break;
  }
  case "label create":
    state.labels.push(read(rest, flag("force"), text("description"), text("color")).name);
    break;
  case "issue list": {
    const { values } = read(rest, text("label"), text("state"), text("limit"), text("json"), text("jq"));
    const found = state.issues.find((issue) => issue.open && issue.labels.includes(values.label ?? ""));
    if (found) console.log(found.number);
    break;
  }
  case "issue create": {
    const { values } = read(rest, text("title"), text("label"), text("body-file"));
    if (!state.labels.includes(values.label ?? "")) fail(`could not add label: '${values.label}' not found`);
    const number = state.issues.length + 1;
    const issue = { number, title: values.title ?? "", body: stdin(), open: true, labels: [values.label ?? ""] };
    state.issues.push({ ...issue, comments: [] });
    break;
  }
  case "issue edit": {
    const { name } = read(rest, text("body-file"));
    find(name).body = stdin();
    break;
  }
  case "issue close": {
    const { name, values } = read(rest, text("comment"));
    find(name).comments.push(values.comment ?? "");
    find(name).open = false;
    break;
  }
  case "api": {
    const args = words.slice(1);
    const options = [flag("paginate"), text("jq"), flag("silent"), text("field"), text("method")];
    const { name: path, values } = read(args, ...options);
    const one = /^repos\/\{owner\}\/\{repo\}\/issues\/comments\/(\d+)$/.exec(path)?.[1];
    const of = /^repos\/\{owner\}\/\{repo\}\/issues\/(\d+)\/comments$/.exec(path)?.[1];
    if (of !== undefined && values.jq !== undefined) {
      // Does what the query says, for the one query that is asked.
      const start = /startswith\("(.*)"\)\)\) \| \.id$/.exec(values.jq)?.[1];
      if (start === undefined) fail(`unknown query ${values.jq}`);
      const own = state.comments.filter((each) => each.issue === Number(of) && each.bot && each.body.startsWith(start));
      for (const { id } of own) console.log(id);
    } else if (of !== undefined && values.field === "body=@-") {
      state.comments.push({ id: state.comments.length + 1, issue: Number(of), bot: true, body: stdin() });
    } else if (one !== undefined && values.method === "PATCH" && values.field === "body=@-") {
      const comment = state.comments.find(({ id }) => id === Number(one)) ?? fail("HTTP 404: Not Found");
      comment.body = stdin();
    } else fail(`gh api ${args.join(" ")}: not known here`);
    break;
  }
  default:
    fail(`unknown command ${words.join(" ")}`);
}
writeFileSync(file, JSON.stringify(state));

function find(number: string) {
  return state.issues.find((issue) => issue.number === Number(number)) ?? fail(`no issue ${number}`);
}
