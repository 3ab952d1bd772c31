import { request } from "../../../tools/outgoing/request.mjs";

/** GitHub's answer to a question: status and parsed body. */
export interface GithubAnswer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: each caller checks what it reads.
  body: any;
}

/** Asks GitHub something, e.g. `repos/you/platform`. Never throws for a status; rejects when there is no answer, and with `Redirected` when GitHub names another address. */
export type AskGithub = (path: string) => Promise<GithubAnswer>;

/** Milliseconds until a question without an answer counts as failed. */
const TIMEOUT = 15_000;

/** Opens GitHub's REST API for reading. `api`: its address, without a trailing slash. */
export function openGithub(api: string, token: string): AskGithub {
  return async (path) => {
    const { status, text } = await request(`${api}/${path}`, {
      headers: {
        authorization: `Bearer ${token}`,
        accept: "application/vnd.github+json",
        "x-github-api-version": "2022-11-28",
        "user-agent": "dockmaster",
      },
      timeoutMs: TIMEOUT,
    });
    return { status, body: parse(text) };
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
