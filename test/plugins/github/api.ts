import type { Props } from "../props.ts";

let base = "https://api.github.com/";
let owner = "";

/** Takes the provider's own inputs. The token is in the environment, as with the real plugin. */
export function configure(inputs: Props): void {
  if (typeof inputs.baseUrl === "string") base = inputs.baseUrl;
  owner = String(inputs.owner ?? "");
}

// biome-ignore lint/suspicious/noExplicitAny: whatever GitHub answers.
type Body = any;

/** A request below a repository of the owner. Answers undefined for 404; anything else but a success is an error with GitHub's words. */
export async function request(method: string, repository: unknown, path: string, body?: object): Promise<Body> {
  // A GitHub of one's own has its API below this path; the provider adds it to the address.
  const prefix = new URL(base).host === "api.github.com" ? "" : "api/v3/";
  const headers = { authorization: `Bearer ${process.env.GITHUB_TOKEN}`, "content-type": "application/json" };
  const init = body ? { method, headers, body: JSON.stringify(body) } : { method, headers };
  const answer = await fetch(`${base}${prefix}repos/${owner}/${repository}/${path}`, init);
  const text = await answer.text();
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text === "" ? {} : JSON.parse(text);
}

/** Like `request`, for what has to be there. */
export async function demand(method: string, repository: unknown, path: string, body?: object): Promise<Body> {
  const answer = await request(method, repository, path, body);
  if (answer === undefined) throw new Error(`${method} ${path}: 404`);
  return answer;
}
