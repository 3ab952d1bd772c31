// Services of before 0.2 import this file; it goes with the release after.
export * from "./platform/secret-rules.ts";
