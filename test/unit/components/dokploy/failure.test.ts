import { describe, expect, it } from "vitest";
import { DokployError, toDokployError } from "../../../../components/dokploy/api/errors.ts";
import { logTail } from "../../../../components/dokploy/api/log-tail.ts";
import { createMask } from "../../../../components/dokploy/api/mask.ts";
import { plainFailure, reasonOf, recordedFailure } from "../../../../components/dokploy/failure.ts";
import { ServiceError } from "../../../../components/dokploy/rules/service-error.ts";

const open = (text: string) => text;
const failed = new ServiceError("deployment_failed", "the deployment of web failed", "fix it", [
  "line 1",
  "a secret-value here",
]);

describe("a failure", () => {
  it("is one text: code, message and hint, then the log", () => {
    expect(reasonOf(failed, open)).toBe(
      "deployment_failed: the deployment of web failed (fix it)\nline 1\na secret-value here",
    );
  });

  it.each([257, 260, 299])("shows no part of a long secret that begins at column %i of a line", (column) => {
    const secret = Array.from({ length: 50 }, (_, index) => `${index}`.padStart(10, "s")).join("");
    const line = `${"x".repeat(column)}${secret} and more`;
    const error = new ServiceError("deployment_failed", "failed", "fix it", logTail(`first\n${line}\nlast`));
    const reason = reasonOf(error, createMask([secret]));
    expect(reason).toMatch(/^deployment_failed: failed \(fix it\)\nfirst\nx+[*]{1,3}.*\nlast$/);
    expect(reason).not.toContain(secret.slice(0, 4));
    expect(reason.split("\n")[2]?.length).toBeLessThanOrEqual(300);
  });

  it("shows no part of a long secret in Dokploy's own words", () => {
    const secret = "s3cr3t-".repeat(71);
    const answer = {
      status: 400,
      contentType: "application/json",
      text: JSON.stringify({ message: `${"x".repeat(150)}${secret}` }),
    };
    const error = toDokployError({ method: "POST", procedure: "compose.update" }, answer, true);
    expect(reasonOf(error, createMask([secret]))).toMatch(/x{150}[*]{3} \(/);
  });

  it("is not longer than people read, hint and all", () => {
    const reason = reasonOf(new ServiceError("timeout", "x".repeat(9_000), "fix it", ["y".repeat(9_000)]), open);
    expect(reason).toMatch(/^timeout: x{2000} \(fix it\)\ny{300}$/);
  });

  it("once the object exists has its id, full outputs with __provider, and exactly one masked reason", () => {
    const error = recordedFailure("c1", { composeId: "c1" }, "the shim", failed, createMask(["secret-value"]));
    expect(error).toMatchObject({
      id: "c1",
      properties: { composeId: "c1", __provider: "the shim" },
      message: "deployment_failed: the deployment of web failed (fix it)",
    });
    expect(error.reasons).toEqual(["deployment_failed: the deployment of web failed (fix it)\nline 1\na *** here"]);
  });

  it("before that has no id, so that nothing is recorded", () => {
    const error = plainFailure(failed, open);
    expect(error).not.toHaveProperty("id");
    expect(error.message).toMatch(/^deployment_failed: /);
  });

  it.each([
    [new DokployError("auth", "a", "b"), "dokploy_auth: a (b)"],
    [new DokployError("transient", "a", "b"), "dokploy_unreachable: a (b)"],
    [
      new TypeError("x is undefined"),
      "program_error: x is undefined (this is a mistake in Dockmaster: report it with this text)",
    ],
    ["just words", "program_error: just words (this is a mistake in Dockmaster: report it with this text)"],
  ])("of any kind is translated", (error, expected) => {
    expect(reasonOf(error, open)).toBe(expected);
  });
});
