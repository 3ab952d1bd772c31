/** An HTTP request that must be answered as expected before a deployment counts as good. Redirects are not followed. */
export interface Check {
  url: string;
  /** Status code. Default 200. */
  expect: number;
  /** Default 10. */
  attempts: number;
  /** Seconds between attempts. Default 3. */
  interval: number;
}

export type CheckInput = Partial<Check> & Pick<Check, "url">;

/** The check with every default. */
export function fullCheck({ url, expect = 200, attempts = 10, interval = 3 }: CheckInput): Check {
  return { url, expect, attempts, interval };
}

/** What is wrong with a check. */
export function mistakesInCheck({ url }: CheckInput): string[] {
  const isHttp = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
  return isHttp ? [] : [`check ${url} is not an http(s) address`];
}
