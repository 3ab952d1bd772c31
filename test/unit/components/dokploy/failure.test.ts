import { describe, expect, it } from "vitest";
import { DokployError } from "../../../../components/dokploy/errors.ts";
import { plainFailure, reasonOf, recordedFailure } from "../../../../components/dokploy/failure.ts";
import { createMask } from "../../../../components/dokploy/mask.ts";
import { ServiceError } from "../../../../components/dokploy/service-error.ts";

const open = (text: string) => text;
const failed = new ServiceError("deployment_failed", "the deployment of web failed", "mend it", [
  "line 1",
  "a secret-value here",
]);

describe("a failure", () => {
  it("is one text: code, message and hint, then the log", () => {
    expect(reasonOf(failed, open)).toBe(
      "deployment_failed: the deployment of web failed (mend it)\nline 1\na secret-value here",
    );
  });

  it("once the object exists has its id, full outputs with __provider, and exactly one masked reason", () => {
    const error = recordedFailure("c1", { composeId: "c1" }, "the shim", failed, createMask(["secret-value"]));
    expect(error).toMatchObject({
      id: "c1",
      properties: { composeId: "c1", __provider: "the shim" },
      message: "deployment_failed: the deployment of web failed (mend it)",
    });
    expect(error.reasons).toEqual(["deployment_failed: the deployment of web failed (mend it)\nline 1\na *** here"]);
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
