import { fullDuring, type Timed, type TimedInput } from "./during.ts";

/** An HTTP request that must be answered as expected. Redirects are not followed. */
export interface HttpCheck extends Timed {
  url: string;
  /** Status code. Default 200. */
  expect: number;
  /** Default 10. */
  attempts: number;
  /** Seconds between attempts. Default 3. */
  interval: number;
}

export interface HttpCheckInput extends TimedInput {
  url: string;
  expect?: number | undefined;
  attempts?: number | undefined;
  interval?: number | undefined;
}

/** The check with every default. */
export function fullHttpCheck({ url, expect = 200, attempts = 10, interval = 3, ...rest }: HttpCheckInput): HttpCheck {
  return { url, expect, attempts, interval, ...fullDuring(rest) };
}

/** What is wrong with a check. */
export function mistakesInHttpCheck({ url }: HttpCheckInput): string[] {
  const isHttp = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
  return isHttp ? [] : [`check ${url} is not an http(s) address`];
}

/** What the check is called: `GET https://auth.example.org/`, without what may be secret in it. */
export function nameOfHttpCheck({ url }: HttpCheckInput): string {
  if (!URL.canParse(url)) return "GET (not a URL)";
  return `GET ${Object.assign(new URL(url), { username: "", password: "", search: "", hash: "" }).href}`;
}
