import { isRecord } from "../../api/sections.ts";

/** What a query came to: values, one for each series; or why there are none to be judged. */
export type Answer = { values: number[] } | { error: string };

/** Characters of Prometheus' own words that are shown. */
const SHOWN = 300;

/**
 * Reads an answer of `/api/v1/query`, whatever came. A vector has a value for each series, a scalar one; other results are no values
 * that can be compared. https://prometheus.io/docs/prometheus/latest/querying/api/
 */
export function readAnswer(status: number, text: string): Answer {
  const body = parse(text);
  const isOk = status >= 200 && status < 300;
  if (!isRecord(body))
    return { error: isOk ? "answered something that is no JSON of Prometheus" : `answered ${status}` };
  if (!isOk || body.status !== "success") return { error: `answered ${status}${toldBy(body)}` };
  const { resultType, result } = isRecord(body.data) ? body.data : {};
  if (resultType === "scalar") return fromSamples([result]);
  if (resultType === "vector" && Array.isArray(result)) {
    return fromSamples(result.map((series) => (isRecord(series) ? series.value : undefined)));
  }
  const known = typeof resultType === "string" && /^\w{1,20}$/.test(resultType);
  return {
    error: known ? `answered a ${resultType}, which is no number: let the query end in one` : "answered no result",
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function toldBy({ errorType, error }: Record<string, unknown>): string {
  const told = [errorType, error].filter((word) => typeof word === "string" && word !== "").join(": ");
  return told === "" ? "" : ` (${told.slice(0, SHOWN)})`;
}

/** A sample is `[time, "value"]`; a native histogram has none. */
function fromSamples(samples: readonly unknown[]): Answer {
  const values = samples.map((sample) =>
    Array.isArray(sample) && sample.length === 2 ? toNumber(sample[1]) : undefined,
  );
  if (values.some((value) => value === undefined)) return { error: "answered samples that are no numbers" };
  return { values: values as number[] };
}

const SPECIAL: Record<string, number> = {
  NaN: Number.NaN,
  Inf: Number.POSITIVE_INFINITY,
  "+Inf": Number.POSITIVE_INFINITY,
  "-Inf": Number.NEGATIVE_INFINITY,
};

function toNumber(text: unknown): number | undefined {
  if (typeof text !== "string" || text.trim() === "") return undefined;
  if (Object.hasOwn(SPECIAL, text)) return SPECIAL[text];
  const value = Number(text);
  return Number.isNaN(value) ? undefined : value;
}
