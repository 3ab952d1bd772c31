/** GitHub's answer to a question: status and parsed body. */
export interface GithubAnswer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: each caller checks what it reads.
  body: any;
}

/** Asks GitHub something, e.g. `repos/you/platform`. Never throws for a status; rejects when there is no answer. */
export type AskGithub = (path: string) => Promise<GithubAnswer>;

/** Milliseconds until a question without an answer counts as failed. */
const TIMEOUT = 15_000;

/** Opens GitHub's REST API for reading. `api`: its address, without a trailing slash. */
export function openGithub(api: string, token: string): AskGithub {
  return async (path) => {
    const answer = await fetch(`${api}/${path}`, {
      headers: {
        authorization: `Bearer ${token}`,
        accept: "application/vnd.github+json",
        "x-github-api-version": "2022-11-28",
        "user-agent": "dockmaster",
      },
      signal: AbortSignal.timeout(TIMEOUT),
    });
    const text = await answer.text();
    return { status: answer.status, body: parse(text) };
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
