import { setTimeout as sleep } from "node:timers/promises";
import { request } from "../../tools/outgoing/request.mjs";
import type { Check } from "./rules/http-check.ts";
import { ServiceError } from "./rules/service-error.ts";

const ANSWER_WITHIN = 10_000;

/** Makes every request until it is answered as expected. Throws `check_failed` with all that are not, after their attempts. */
export async function runChecks(service: string, checks: Check[]): Promise<void> {
  const results = await Promise.all(checks.map(attempt));
  const failed = results.filter((result) => result !== undefined);
  if (failed.length === 0) return;
  throw new ServiceError(
    "check_failed",
    `${service} runs but does not answer as it should: ${failed.join("; ")}`,
    "look at route, certificate and the container's log; the next update checks again",
  );
}

/** What is wrong in the end, or undefined. */
async function attempt(check: Check): Promise<string | undefined> {
  let answer = "";
  for (let count = 1; count <= check.attempts; count++) {
    if (count > 1) await sleep(check.interval * 1000);
    answer = await ask(check.url);
    if (answer === String(check.expect)) return undefined;
  }
  return `GET ${withoutCredentials(check.url)} answered ${answer} instead of ${check.expect}, ${check.attempts} times`;
}

async function ask(url: string): Promise<string> {
  try {
    // A redirect may be what is expected: it is not followed, its status counts.
    const { status } = await request(url, { timeoutMs: ANSWER_WITHIN, statusOnly: true, redirect: "answer" });
    return String(status);
  } catch (error) {
    return `nothing (${(error as Error).message})`;
  }
}

function withoutCredentials(text: string): string {
  return URL.canParse(text)
    ? Object.assign(new URL(text), { username: "", password: "", search: "" }).href
    : "(not a URL)";
}
