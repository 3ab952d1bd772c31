import { request } from "../../../../tools/outgoing/request.mjs";
import type { Measurement } from "../../rules/checks/analysis.ts";
import type { HttpCheck } from "../../rules/checks/http.ts";
import type { Asking } from "./prometheus.ts";

const ANSWER_WITHIN = 10_000;

/** Asks once. A redirect may be what is expected: it is not followed, its status counts. Never rejects. */
export async function measureHttp(
  { url, expect }: HttpCheck,
  { signal, send = request }: Asking,
): Promise<Measurement> {
  const options = {
    timeoutMs: ANSWER_WITHIN,
    statusOnly: true,
    redirect: "answer" as const,
    ...(signal && { signal }),
  };
  const answer = await send(url, options).then(
    ({ status }) => String(status),
    (error: Error) => `nothing (${error.message})`,
  );
  return answer === String(expect)
    ? { phase: "Successful", message: `answered ${answer}` }
    : { phase: "Failed", message: `answered ${answer} instead of ${expect}` };
}
