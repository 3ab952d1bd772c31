import { fullHttpCheck, type HttpCheck, type HttpCheckInput, mistakesInHttpCheck, nameOfHttpCheck } from "./http.ts";
import {
  fullPrometheusCheck,
  mistakesInPrometheusCheck,
  nameOfPrometheusCheck,
  type PrometheusCheck,
  type PrometheusCheckInput,
} from "./prometheus.ts";

// States hold checks: their form only grows. A release of before a kind never looks into what the state has of it: it compares the whole
// with what its own program says, and brings that.

/** What has to be true of a service besides its containers' health, as far as the provider asks for it. A kind is told by its own key. */
export type Check = HttpCheck | PrometheusCheck;
export type CheckInput = HttpCheckInput | PrometheusCheckInput;

/** The check with every default. */
export function fullCheck(check: CheckInput): Check {
  return isPrometheus(check) ? fullPrometheusCheck(check) : fullHttpCheck(check);
}

/** What is wrong with a check. */
export function mistakesInCheck(check: CheckInput): string[] {
  return isPrometheus(check) ? mistakesInPrometheusCheck(check) : mistakesInHttpCheck(check);
}

/** What a check is called in answers and errors. */
export function nameOfCheck(check: CheckInput): string {
  return isPrometheus(check) ? nameOfPrometheusCheck(check) : nameOfHttpCheck(check);
}

/** Whether a check asks Prometheus. */
export function isPrometheus(check: Check): check is PrometheusCheck;
export function isPrometheus(check: CheckInput): check is PrometheusCheckInput;
export function isPrometheus(check: CheckInput): boolean {
  return "prometheus" in check;
}
